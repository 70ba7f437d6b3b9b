import { Readable } from 'node:stream'
import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { headerValue } from '../../core/headers.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import { type GatewayRequest, isIdempotent } from '../../core/request.ts'
import type { Layer, Service } from '../../core/service.ts'
import { fullJitterMs } from '../../kit/backoff.ts'
import { type ActiveBudget, type Budget, bothBudgets } from '../../kit/budgets.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Random } from '../../kit/random.ts'
import { sleep } from '../../kit/sleep.ts'
import { retryAfterMs } from '../retry-after.ts'
import { decideRetry } from './decide.ts'
import type { RetryOptions } from './options.ts'

export interface RetryDeps {
  readonly clock: Clock
  readonly random: Random
  /** Shared by all routes of the upstream. */
  readonly budget: ActiveBudget
  /** The upstream's budget for all extra attempts. */
  readonly extra?: Budget | undefined
  /** Whether a status counts as good; an answer with another one is retried, and passed on unchanged if that fails. */
  readonly statusCounts: (status: number) => boolean
}

/** Retries failed attempts. A target is chosen for each attempt, so that another one is tried if available. */
export function retry(options: RetryOptions, deps: RetryDeps): Layer {
  const budget = bothBudgets(deps.budget, deps.extra)
  return function retryLayer(next) {
    return async (request, call) => {
      let outcome = await attempt(next, request, call, deps)
      for (let made = 1; ; made++) {
        const decision = decideRetry({
          failure: failureOf(outcome, deps),
          idempotent: isIdempotent(request.method) || headerValue(request.headers, 'idempotency-key') !== undefined,
          replayable: !(request.body instanceof Readable),
          attemptsMade: made,
          attemptsAllowed: options.attempts,
          backoffMs: fullJitterMs({ baseMs: options.backoff.base, maxMs: options.backoff.max }, made - 1, deps.random),
          remainingMs: call.remainingMs(),
        })
        if (!decision.retry) return outcome
        if (!budget.tryTake()) {
          call.emit({ type: 'retry.denied' })
          return outcome
        }
        try {
          discard(outcome)
          call.emit({ type: 'retry.scheduled', waitMs: decision.waitMs })
          await sleep(decision.waitMs, deps.clock, call.scope)
          if (call.scope.reason !== undefined) return failed(call.scope.reason)
          outcome = await attempt(next, request, call.fork('retry'), deps)
        } finally {
          budget.giveBack()
        }
      }
    }
  }
}

async function attempt(next: Service, request: GatewayRequest, call: Call, deps: RetryDeps): Promise<Outcome> {
  deps.budget.attemptStarted()
  try {
    return await next(request, call)
  } finally {
    deps.budget.attemptEnded()
  }
}

function failureOf(outcome: Outcome, deps: RetryDeps): Failure | undefined {
  if (!outcome.ok) return outcome.failure
  const { status, headers } = outcome.response
  if (status < 200 || deps.statusCounts(status)) return undefined
  return failure('UPSTREAM_STATUS', `status ${status}`, { retryAfterMs: retryAfterMs(headers, deps.clock) })
}

function discard(outcome: Outcome): void {
  if (outcome.ok && !isHeld(outcome.response.body)) outcome.response.body.discard()
}
