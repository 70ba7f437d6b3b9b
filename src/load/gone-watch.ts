import { isConnectionFailure } from './error-kind.ts'
import type { Ending } from './sender.ts'

/** Before anything has been heard of the target there is nothing to wait for: most likely the URL is wrong. */
const neverThereMs = 1000

/** Tells when the target is gone: for so long no connection has come about, and each that was tried has failed. */
export class GoneWatch {
  readonly #goneAfterMs: number | undefined
  #lastHeardMs = 0
  #wasHeard = false

  /** Undefined: it never is. */
  constructor(goneAfterMs: number | undefined) {
    this.#goneAfterMs = goneAfterMs
  }

  isGone(ending: Ending, sentMs: number, nowMs: number): boolean {
    if (ending.kind === 'error' && isConnectionFailure(ending.error)) {
      if (this.#goneAfterMs === undefined) return false
      const limitMs = this.#wasHeard ? this.#goneAfterMs : Math.min(neverThereMs, this.#goneAfterMs)
      return nowMs - this.#lastHeardMs >= limitMs
    }
    if (ending.kind === 'answered' || ending.kind === 'error') {
      this.#wasHeard = true
      this.#lastHeardMs = nowMs
    } else {
      // It took the request, or at least did not refuse it.
      this.#lastHeardMs = Math.max(this.#lastHeardMs, sentMs)
    }
    return false
  }
}
