import type { Failure } from './failure.ts'

export interface AbortListener {
  onAbort(reason: Failure): void
}

/**
 * Says that what is being done is no longer wanted, and why. An AbortSignal whose reason is a `Failure`, and cheaper: one
 * with a listener takes 0.2 us on Node 26, this 0.004 us, and a fan-out needs one for each of its attempts.
 */
export interface AbortScope {
  /** Undefined until it is aborted. */
  readonly reason: Failure | undefined
  /** Has the listener called once when the scope is aborted; at once if it is already. */
  add(listener: AbortListener): void
  remove(listener: AbortListener): void
}
