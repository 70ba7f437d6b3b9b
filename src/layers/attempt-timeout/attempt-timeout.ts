import { failure } from '../../core/failure.ts'
import type { TargetLayer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { timeLimit } from '../../kit/time-limit.ts'

/** Ends one slow attempt while the call goes on: it may be retried, or another attempt may win. */
export function attemptTimeout(timeoutMs: number, clock: Clock): TargetLayer {
  return function attemptTimeoutLayer(next) {
    return async (request, call) => {
      const fork = call.fork(call.kind)
      const { name } = request.attempt.target
      const timer = timeLimit(timeoutMs, clock, () => {
        fork.abort(failure('UPSTREAM_TIMEOUT', `${name}: no answer within ${timeoutMs} ms`))
      })
      try {
        return await next(request, fork)
      } finally {
        timer.cancel()
      }
    }
  }
}
