import { type Clock, systemClock, type Timer } from '../../src/kit/clock.ts'

/** The machine's clock, which a test can hold: time stands still, and timers that fall due run when it goes on. */
export class HeldClock implements Clock {
  readonly #machine = systemClock()
  #held: { readonly nowMs: number; readonly wallMs: number } | undefined
  #due: (() => void)[] = []

  now(): number {
    return this.#held?.nowMs ?? this.#machine.now()
  }

  wallNow(): number {
    return this.#held?.wallMs ?? this.#machine.wallNow()
  }

  stalledMs(): number {
    return this.#machine.stalledMs()
  }

  after(delayMs: number, action: () => void): Timer {
    let isCancelled = false
    const run = (): void => {
      if (!isCancelled) action()
    }
    const timer = this.#machine.after(delayMs, () => {
      if (this.#held === undefined) run()
      else this.#due.push(run)
    })
    return {
      cancel: () => {
        isCancelled = true
        timer.cancel()
      },
    }
  }

  async hold<T>(during: () => Promise<T>): Promise<T> {
    this.#held = { nowMs: this.now(), wallMs: this.wallNow() }
    try {
      return await during()
    } finally {
      this.#held = undefined
      for (const run of this.#due.splice(0)) run()
    }
  }
}
