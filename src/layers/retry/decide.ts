import type { Failure } from '../../core/failure.ts'

/** What the judgement is made from; times in milliseconds. */
export interface RetryFacts {
  /** Undefined: the answer was good. */
  readonly failure: Pick<Failure, 'retry' | 'retryAfterMs'> | undefined
  readonly idempotent: boolean
  /** Whether the body, if there is one, is held and can be sent again. */
  readonly replayable: boolean
  readonly attemptsMade: number
  readonly attemptsAllowed: number
  /** What the backoff has drawn. */
  readonly backoffMs: number
  readonly remainingMs: number
}

export type RetryDecision = { readonly retry: false } | { readonly retry: true; readonly waitMs: number }

const no: RetryDecision = { retry: false }

/**
 * Whether to send the request again, and after how long. A target's `Retry-After` is honoured: never sooner, and not at
 * all if it ends behind the deadline.
 */
export function decideRetry(facts: RetryFacts): RetryDecision {
  const { failure } = facts
  if (failure === undefined || failure.retry === 'no') return no
  if (failure.retry === 'unsafe' && !facts.idempotent) return no
  if (!facts.replayable || facts.attemptsMade >= facts.attemptsAllowed) return no
  const waitMs = Math.max(facts.backoffMs, failure.retryAfterMs ?? 0)
  return waitMs < facts.remainingMs ? { retry: true, waitMs } : no
}
