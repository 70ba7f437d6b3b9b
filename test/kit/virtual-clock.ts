import type { Clock, Timer } from '../../src/kit/clock.ts'

interface Pending {
  readonly dueMs: number
  readonly order: number
  readonly action: () => void
}

/** Time that stands still until a test moves it. Nothing sleeps; what is due runs in its order. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #order = 0
  #pending: Pending[] = []
  #stalledMs = 0

  now(): number {
    return this.#nowMs
  }

  wallNow(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  stalledMs(): number {
    return this.#stalledMs
  }

  /** Time goes on while nothing runs, as when the process is stopped. What falls due meanwhile runs at the next `advance`. */
  stall(forMs: number): void {
    this.#nowMs += forMs
    this.#stalledMs += forMs
  }

  after(delayMs: number, action: () => void): Timer {
    const pending = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, action }
    this.#pending.push(pending)
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((candidate) => candidate !== pending)
      },
    }
  }

  /** Timers that have neither run nor been cancelled. */
  get pendingCount(): number {
    return this.#pending.length
  }

  /** When the next timer is due. */
  get nextDueMs(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.dueMs
  }

  /** Moves time, stopping at each timer on the way for all that follows from it. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    await settled()
    for (;;) {
      const next = this.#next(untilMs)
      if (next === undefined) break
      this.#pending = this.#pending.filter((candidate) => candidate !== next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.action()
      await settled()
    }
    this.#nowMs = untilMs
  }

  /** Moves time to the last timer that waits, those that are set on the way included. */
  async runAll(limitMs = 3_600_000): Promise<void> {
    await settled()
    const endMs = this.#nowMs + limitMs
    while (this.#pending.length > 0 && this.#nowMs < endMs) {
      const dueMs = Math.min(...this.#pending.map((pending) => pending.dueMs))
      await this.advance(dueMs - this.#nowMs)
    }
  }

  #next(untilMs: number): Pending | undefined {
    let next: Pending | undefined
    for (const pending of this.#pending) {
      if (pending.dueMs > untilMs) continue
      if (
        next === undefined ||
        pending.dueMs < next.dueMs ||
        (pending.dueMs === next.dueMs && pending.order < next.order)
      ) {
        next = pending
      }
    }
    return next
  }
}

/** Lets everything run that waits for a promise only. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

/** Lets streams run too: they hand on by `process.nextTick`, which waits until no promise does. */
export function streamsSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
