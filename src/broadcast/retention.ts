import type { Clock, Timer } from '../kit/clock.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'

export interface RetentionOptions {
  readonly store: DeliveryStore
  readonly clock: Clock
  /** How long finished deliveries are kept. */
  readonly retentionMs: number
}

const checkMs = 60_000

/** Has the store remove, from time to time, what finished long enough ago. */
export class Retention {
  readonly #options: RetentionOptions
  #retentionMs: number
  #timer: Timer | undefined

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#retentionMs = options.retentionMs
    this.#schedule()
  }

  /** From the next look on. */
  keepFor(retentionMs: number): void {
    this.#retentionMs = retentionMs
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #schedule(): void {
    const { clock, store } = this.#options
    this.#timer = clock.after(checkMs, () => {
      // A store that fails says so to those who write; what is left is removed the next time.
      void store.removeFinished(clock.wallNow() - this.#retentionMs)
      this.#schedule()
    })
  }
}
