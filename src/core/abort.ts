import type { Failure } from './failure.ts'

export interface AbortListener {
  onAbort(reason: Failure): void
}

/**
 * Says that what is being done is no longer wanted, and why. Like AbortSignal, without its cost: an AbortController
 * with a listener takes about 1.5 us on Node 26, and every call needs one.
 */
export interface AbortScope {
  /** Undefined until it is aborted. */
  readonly reason: Failure | undefined
  /** Has the listener called once when the scope is aborted; at once if it is already. */
  add(listener: AbortListener): void
  remove(listener: AbortListener): void
}
