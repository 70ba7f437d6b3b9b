import type { Target } from '../core/attempt.ts'
import type { Service, TargetService } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { accept } from './accept.ts'
import type { Deliveries } from './deliveries.ts'
import type { DeliveryRoute } from './delivery-route.ts'
import { laneBy } from './lane-key.ts'
import type { BroadcastOptions } from './options.ts'

export interface DeliveringDeps {
  readonly clock: Clock
  readonly routeName: string
  readonly targets: readonly Target[]
  readonly newId: () => string
  readonly deliveries: Deliveries
  readonly store: DeliveryStore
  /** Sends one attempt to the target that the request names. */
  readonly send: TargetService
}

export interface Delivering {
  /** Takes the writes of the route: each is made durable, delivered, and answered as the route configures. */
  readonly service: Service
  /** The settings of its deliveries, so that `Deliveries` can replace all routes in one step. */
  readonly route: DeliveryRoute
}

/** The delivering side of a broadcast route; `leg.ts` describes the states of one write at one target. */
export function delivering(options: BroadcastOptions, deps: DeliveringDeps): Delivering {
  const { routeName, targets, deliveries, store, clock, newId } = deps
  const { base, max, jitter } = options.backoff
  const names = targets.map(({ name }) => name)
  const laneOf = laneBy(options.order?.by)
  const { respond } = options
  const acceptOptions = { route: routeName, targets: names, respond, laneOf, deliveries, store, clock, newId }
  return {
    service: (request, call) => accept(request, call, acceptOptions),
    route: {
      name: routeName,
      upstream: options.upstream,
      targets,
      attempts: options.attempts,
      attemptTimeoutMs: options.attemptTimeout,
      schedule: { baseMs: base, maxMs: max, jitterMs: jitter },
      concurrency: options.concurrency,
      statuses: options.success.status,
      send: deps.send,
    },
  }
}
