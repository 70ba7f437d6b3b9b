import type { Attempt, AttemptOutcome } from '../core/attempt.ts'
import type { Call } from '../core/call.ts'
import type { Failure, FailureCode } from '../core/failure.ts'
import type { Outcome } from '../core/outcome.ts'
import type { TargetLayer } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'

export interface AttemptTelemetryOptions {
  readonly clock: Clock
  /** Whether an answer with this status is good. */
  readonly statusCounts: (status: number) => boolean
  /** Called after each result is recorded, with the outcome that it derives from. */
  readonly onNoted?: ((attempt: Attempt, outcome: Outcome) => void) | undefined
}

/** Records the result of an attempt on the attempt itself, and emits its events. */
export function attemptTelemetry(options: AttemptTelemetryOptions): TargetLayer {
  const { clock } = options
  return function attemptTelemetryLayer(next) {
    return async (request, call) => {
      const { attempt } = request
      call.emit({ type: 'attempt.started', attempt })
      const stalledBeforeMs = clock.stalledMs()
      let outcome: Outcome
      try {
        outcome = await next(request, call)
      } catch (error) {
        // A bug that throws also ends the attempt; otherwise counters would show it in flight forever.
        attempt.outcome = 'cancelled'
        attempt.detail = 'the gateway has failed'
        ended(attempt, call)
        throw error
      }
      attempt.stalledMs = clock.stalledMs() - stalledBeforeMs
      note(attempt, outcome, options)
      ended(attempt, call)
      options.onNoted?.(attempt, outcome)
      return outcome
    }
  }
}

function ended(attempt: Attempt, call: Call): void {
  attempt.endedMs = call.elapsedMs()
  call.emit({ type: 'attempt.ended', attempt })
}

function note(attempt: Attempt, outcome: Outcome, options: AttemptTelemetryOptions): void {
  if (outcome.ok) {
    const { status } = outcome.response
    attempt.status = status
    attempt.outcome = status < 200 || options.statusCounts(status) ? 'success' : outcomeOfStatus(status)
  } else {
    attempt.status = outcome.failure.upstreamStatus
    attempt.outcome = outcomeOfFailure(outcome.failure)
    attempt.detail = outcome.failure.detail
  }
}

const outcomeOfCode: Readonly<Partial<Record<FailureCode, AttemptOutcome>>> = {
  UPSTREAM_REFUSED: 'refused',
  UPSTREAM_TLS: 'tls_error',
  UPSTREAM_RESET: 'reset',
  UPSTREAM_INVALID: 'invalid',
  UPSTREAM_TIMEOUT: 'timeout',
  DEADLINE: 'timeout',
  GATEWAY_EXHAUSTED: 'gateway_exhausted',
  BAD_REQUEST: 'client_error',
  BODY_TOO_LARGE: 'client_error',
}

function outcomeOfFailure({ code, upstreamStatus }: Failure): AttemptOutcome {
  if (upstreamStatus !== undefined) return outcomeOfStatus(upstreamStatus)
  return outcomeOfCode[code] ?? 'cancelled'
}

/** For an answer that is not good. */
function outcomeOfStatus(status: number): AttemptOutcome {
  if (status === 429) return 'rate_limited'
  if (status >= 500) return 'server_error'
  return status >= 400 ? 'client_error' : 'invalid'
}
