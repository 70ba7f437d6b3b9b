import type { Clock, Timer } from '../kit/clock.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'

export interface RetentionOptions {
  readonly store: DeliveryStore
  readonly clock: Clock
  /** How long finished deliveries are kept. */
  readonly retentionMs: number
}

const checkMs = 60_000

/** Periodically removes deliveries from the store that finished longer ago than the retention. */
export class Retention {
  readonly #options: RetentionOptions
  #retentionMs: number
  #timer: Timer | undefined

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#retentionMs = options.retentionMs
    this.#schedule()
  }

  /** Takes effect at the next removal. */
  keepFor(retentionMs: number): void {
    this.#retentionMs = retentionMs
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #schedule(): void {
    const { clock, store } = this.#options
    this.#timer = clock.after(checkMs, () => {
      // A failing store reports that to clients that write; the next removal takes the rest.
      void store.removeFinished(clock.wallNow() - this.#retentionMs)
      this.#schedule()
    })
  }
}
