import type { WaiterEnd } from '../core/events.ts'
import type { Outcome } from '../core/outcome.ts'
import { type Settle, Waiter, type WaiterFacts } from './waiter.ts'

/** All clients that wait for a callback, by the id that their backends were given. */
export class Waiters {
  readonly #open = new Map<string, Waiter>()
  readonly #quiet: (() => void)[] = []

  register(facts: WaiterFacts, settle: Settle): Waiter {
    const waiter = new Waiter(facts, settle)
    this.#open.set(facts.id, waiter)
    return waiter
  }

  find(id: string): Waiter | undefined {
    return this.#open.get(id)
  }

  end(waiter: Waiter, as: WaiterEnd, outcome: Outcome): void {
    const { id } = waiter.facts
    waiter.end(as, outcome)
    this.#open.delete(id)
    if (this.#open.size === 0) for (const resolve of this.#quiet.splice(0)) resolve()
  }

  get count(): number {
    return this.#open.size
  }

  /** The oldest waiters. */
  list(limit: number): readonly Waiter[] {
    return [...this.#open.values()].slice(0, limit)
  }

  /** Resolves when no client waits. */
  quiet(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#quiet.push(resolve))
  }
}
