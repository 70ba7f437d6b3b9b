import { isConnectionFailure } from './error-kind.ts'
import type { Ending } from './sender.ts'

/** A target that has never answered gets less time: most likely the URL is wrong. */
const neverThereMs = 1000

/** Detects that the target is gone: no connection was made for `goneAfterMs`, and every attempt failed. */
export class GoneWatch {
  readonly #goneAfterMs: number | undefined
  #lastHeardMs = 0
  #wasHeard = false

  /** Undefined: the target never counts as gone. */
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
      // The target took the request, or at least did not refuse it.
      this.#lastHeardMs = Math.max(this.#lastHeardMs, sentMs)
    }
    return false
  }
}
