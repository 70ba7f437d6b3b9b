import type { Failure } from './failure.ts'

export interface AbortListener {
  onAbort(reason: Failure): void
}

/**
 * Signals that work is no longer wanted, and why: an AbortSignal whose reason is a `Failure`, but cheaper. An
 * AbortSignal with a listener takes 0.2 us on Node 26, a scope 0.004 us, and a fan-out needs one for each attempt.
 */
export interface AbortScope {
  /** Undefined until the scope is aborted. */
  readonly reason: Failure | undefined
  /** Calls the listener once when the scope is aborted; immediately if it already is. */
  add(listener: AbortListener): void
  remove(listener: AbortListener): void
}
