import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer, Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import { AdaptiveLimit, fixedLimit } from './adaptive-limit.ts'
import { ConcurrencyLimiter, type WaitEnd } from './limiter.ts'
import type { ConcurrencyOptions } from './options.ts'
import { SlotBody } from './slot-body.ts'

export function concurrencyLimiter(options: ConcurrencyOptions, memory: MemoryScope, clock: Clock): ConcurrencyLimiter {
  const { limit, min, max, tolerance, queue, queueTime } = options
  const made =
    limit === 'adaptive' ? new AdaptiveLimit({ min, max, tolerance, start: min }, memory, clock) : fixedLimit(limit)
  return new ConcurrencyLimiter(made, { length: queue, timeMs: queueTime }, memory, clock)
}

function sheddings(whose: LimitOwner) {
  const full = `The ${whose} has reached its limit of calls in flight`
  return {
    full: failure('OVERLOADED', `${full}, and its queue is full`),
    waited: failure('OVERLOADED', `${full}, and no slot became free in time`),
    displaced: failure('OVERLOADED', `${full}, and other calls took precedence`),
  } as const
}

/** The limit of one route, or of all routes together. */
export type LimitOwner = 'route' | 'gateway'

/**
 * Admits as many calls as the limiter has slots. A call holds its slot until the last byte of its answer has been sent,
 * because it occupies a connection to the target for that long. Envoy too counts a request as active until its stream
 * is over (`cluster.v3.CircuitBreakers.max_requests`, and its adaptive concurrency filter). The adaptive limit measures
 * the time to the head, because the time of the body also depends on the client.
 */
export function concurrencyLimit(
  limiter: ConcurrencyLimiter,
  whose: LimitOwner,
  priority: number,
  clock: Clock,
): Layer {
  const shed = sheddings(whose)
  return function concurrencyLayer(next) {
    return (request, call) => {
      if (limiter.tryEnter(priority)) return serve(next, request, call)
      const waited = limiter.enter(call.scope, priority)
      if (typeof waited === 'string') return Promise.resolve(afterWait(waited, next, request, call))
      call.queues(true)
      return waited.then((how) => {
        call.queues(false)
        return afterWait(how, next, request, call)
      })
    }
  }

  function afterWait(how: WaitEnd, next: Service, request: GatewayRequest, call: Call): Outcome | Promise<Outcome> {
    if (how === 'turn') return serve(next, request, call)
    if (how === 'aborted') return failed(call.scope.reason as Failure)
    call.emit({ type: 'call.shed', reason: how })
    return failed(shed[how])
  }

  async function serve(next: Service, request: GatewayRequest, call: Call): Promise<Outcome> {
    const beganAtMs = clock.now()
    const stalledBeforeMs = clock.stalledMs()
    let outcome: Outcome
    try {
      outcome = await next(request, call)
    } catch (error) {
      limiter.leave()
      throw error
    }
    // The time of a call across a stall says more about the gateway than about the target.
    if (clock.stalledMs() === stalledBeforeMs) learn(limiter, outcome, clock.now() - beganAtMs)
    return holdsSlot(outcome, limiter)
  }
}

/** Holds the slot until the body is over. */
function holdsSlot(outcome: Outcome, limiter: ConcurrencyLimiter): Outcome {
  if (outcome.ok) {
    const { response } = outcome
    const { body, upgraded } = response
    if (upgraded !== undefined && !upgraded.destroyed) {
      upgraded.once('close', () => limiter.leave())
      return outcome
    }
    if (!isHeld(body)) return succeeded({ ...response, body: new SlotBody(body, () => limiter.leave()) })
  }
  limiter.leave()
  return outcome
}

const overloadStatuses: ReadonlySet<number> = new Set([429, 503])

/**
 * Learns from an answer that the target is overloaded, or how long it takes now. A client that disconnected, a fast
 * failure, or a call shed further in says neither (Netflix's limiters ignore them too).
 */
function learn({ limit }: ConcurrencyLimiter, outcome: Outcome, tookMs: number): void {
  const status = outcome.ok ? outcome.response.status : outcome.failure.upstreamStatus
  if (status !== undefined) {
    if (overloadStatuses.has(status)) limit.ended(tookMs, true)
    else if (outcome.ok && status < 500) limit.ended(tookMs, false)
  } else if (!outcome.ok && (outcome.failure.code === 'DEADLINE' || outcome.failure.code === 'UPSTREAM_TIMEOUT')) {
    limit.ended(tookMs, true)
  }
}
