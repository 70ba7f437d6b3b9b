import type { WaiterEnd } from '../core/events.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Terms } from './result-rules.ts'

/**
 * One client that waits for a callback.
 *
 * It is `registered` before the backend is called, because the callback may arrive before the backend's own answer.
 * Once the backend has accepted the work, the waiter is `acknowledged`. From either state it ends, once:
 *
 * - `answered`: the callback arrived, and the client has its body.
 * - `refused`: the backend failed or refused the work; the client has that failure.
 * - `timedOut`: the deadline passed, or the client stops waiting (`Prefer: wait=N`) or does not wait at all
 *   (`respond-async`). It has a ticket, at which the result will appear.
 * - `gone`: the client disconnected, or the gateway is shutting down. There is no ticket.
 *
 * A waiter that has ended is forgotten: later events do not find it, and no client is answered twice.
 */
export type WaiterState = 'registered' | 'acknowledged' | WaiterEnd

const ends: readonly WaiterEnd[] = ['answered', 'refused', 'timedOut', 'gone']

const nextStates: Readonly<Record<WaiterState, readonly WaiterState[]>> = {
  registered: ['acknowledged', ...ends],
  acknowledged: ends,
  answered: [],
  refused: [],
  timedOut: [],
  gone: [],
}

export interface WaiterFacts {
  readonly id: string
  readonly route: string
  /** Wall clock. */
  readonly startedAtMs: number
  readonly expiresAtMs: number
  readonly terms: Terms
}

export type Settle = (outcome: Outcome, as: WaiterEnd) => void

export class Waiter {
  readonly facts: WaiterFacts
  readonly #settle: Settle
  #state: WaiterState = 'registered'

  constructor(facts: WaiterFacts, settle: Settle) {
    this.facts = facts
    this.#settle = settle
  }

  get state(): WaiterState {
    return this.#state
  }

  get isOpen(): boolean {
    return this.#state === 'registered' || this.#state === 'acknowledged'
  }

  acknowledge(): void {
    this.#become('acknowledged')
  }

  end(as: WaiterEnd, outcome: Outcome): void {
    this.#become(as)
    this.#settle(outcome, as)
  }

  #become(state: WaiterState): void {
    if (!nextStates[this.#state].includes(state)) {
      throw new Error(`a waiter that is ${this.#state} cannot become ${state}`)
    }
    this.#state = state
  }
}

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
