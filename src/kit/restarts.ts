import type { Clock, Timer } from './clock.ts'

const firstDelayMs = 100
const longestDelayMs = 10_000
/** A thread that has run this long did not die of its start. */
const soundMs = 2000

/** Restarts of threads that died or could not start: after growing delays while they keep failing. */
export class Restarts {
  readonly #clock: Clock
  readonly #restart: () => void
  readonly #timers = new Set<Timer>()
  #delayMs = 0

  constructor(clock: Clock, restart: () => void) {
    this.#clock = clock
    this.#restart = restart
  }

  afterDeath(ranMs: number): void {
    if (ranMs > soundMs) this.#delayMs = 0
    this.#schedule()
    this.#delayMs = longer(this.#delayMs)
  }

  /** Returns the delay, milliseconds. */
  afterFailure(): number {
    this.#delayMs = longer(this.#delayMs)
    this.#schedule()
    return this.#delayMs
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #schedule(): void {
    const timer = this.#clock.after(this.#delayMs, () => {
      this.#timers.delete(timer)
      this.#restart()
    })
    this.#timers.add(timer)
  }
}

function longer(delayMs: number): number {
  return Math.min(longestDelayMs, Math.max(firstDelayMs, 2 * delayMs))
}
