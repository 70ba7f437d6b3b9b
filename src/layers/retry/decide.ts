import type { Failure } from '../../core/failure.ts'

/** Input of the decision; times in milliseconds. */
export interface RetryFacts {
  /** Undefined: the answer was good. */
  readonly failure: Pick<Failure, 'retry' | 'retryAfterMs'> | undefined
  readonly idempotent: boolean
  /** Whether the body, if any, is held and can be sent again. */
  readonly replayable: boolean
  readonly attemptsMade: number
  readonly attemptsAllowed: number
  /** The random wait drawn by the backoff. */
  readonly backoffMs: number
  readonly remainingMs: number
}

export type RetryDecision = { readonly retry: false } | { readonly retry: true; readonly waitMs: number }

const no: RetryDecision = { retry: false }

/**
 * Whether to retry, and after how long. A target's `Retry-After` is honoured: the retry never comes sooner, and not at
 * all if that time is past the deadline.
 */
export function decideRetry(facts: RetryFacts): RetryDecision {
  const { failure } = facts
  if (failure === undefined || failure.retry === 'no') return no
  if (failure.retry === 'unsafe' && !facts.idempotent) return no
  if (!facts.replayable || facts.attemptsMade >= facts.attemptsAllowed) return no
  const waitMs = Math.max(facts.backoffMs, failure.retryAfterMs ?? 0)
  return waitMs < facts.remainingMs ? { retry: true, waitMs } : no
}
