import type { Clock, Timer } from '../../src/kit/clock.ts'

interface Pending {
  readonly dueMs: number
  readonly order: number
  readonly action: () => void
}

/** Time that only a test moves. Nothing sleeps; due timers run in order. */
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

  /** Moves time without running timers, like a stopped process. Timers that fall due run at the next `advance`. */
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

  /** Time of the next timer. */
  get nextDueMs(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.dueMs
  }

  /** Moves time, stopping at each timer on the way until all its consequences have run. */
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

  /** Moves time to the last pending timer, including timers set on the way. */
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

/** Runs everything that waits only for a promise. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

/** Also runs streams: they use `process.nextTick`, which runs only when the promise queue is empty. */
export function streamsSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
