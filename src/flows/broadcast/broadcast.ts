import type { Target } from '../../core/attempt.ts'
import type { Layer } from '../../core/service.ts'
import type { DeliveryStore } from '../../store/delivery-store.ts'
import type { Strategy, StrategyDeps } from '../../strategies/strategy.ts'
import type { StatusRange } from '../../strategies/success/options.ts'
import { accept } from './accept.ts'
import type { Deliveries } from './deliveries.ts'
import { type BroadcastOptions, broadcastOptions } from './options.ts'
import { laneBy } from './order.ts'

export interface BroadcastDeps extends StrategyDeps {
  readonly routeName: string
  readonly targetsOf: (upstream: string) => readonly Target[]
  readonly newId: () => string
  /** There where a route of the configuration broadcasts. */
  readonly deliveries: Deliveries | undefined
  readonly store: DeliveryStore | undefined
}

const created: readonly StatusRange[] = [{ from: 201, to: 201 }]

/** A write that goes to every target; see `leg.ts` for the way of one write to one target. */
function broadcast(options: BroadcastOptions, deps: BroadcastDeps): Layer {
  const { deliveries, store, clock, newId, routeName: route } = deps
  if (deliveries === undefined || store === undefined) throw new Error('a route broadcasts, and there is no store')
  const targets = deps.targetsOf(options.upstream)
  const { base, max, jitter } = options.backoff
  return function broadcastLayer(next) {
    deliveries.addRoute({
      name: route,
      upstream: options.upstream,
      targets,
      attempts: options.attempts,
      attemptTimeoutMs: options.attemptTimeout,
      schedule: { baseMs: base, maxMs: max, jitterMs: jitter },
      concurrency: options.concurrency,
      send: next,
    })
    const laneOf = laneBy(options.order?.by)
    const names = targets.map(({ name }) => name)
    const acceptOptions = { route, targets: names, respond: options.respond, laneOf, deliveries, store, clock, newId }
    return (request, call) => accept(request, call, acceptOptions)
  }
}

export const broadcastStrategy: Strategy<typeof broadcastOptions, BroadcastDeps> = {
  options: broadcastOptions,
  plan: (options, deps) => ({
    layer: broadcast(options, deps),
    lines: { ...options, retry: undefined },
    goodStatus: created,
    passesAnyStatus: false,
    holdsAnswer: true,
    maxAnswerBytes: options.maxAnswer,
    // To have the write sent again would not mend the answer.
    bodyMayFail: true,
    maxHeldBodyBytes: options.bodyLimit,
    upgrades: false,
    choosesTargets: true,
  }),
}
