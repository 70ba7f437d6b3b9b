import type { Target } from '../core/attempt.ts'
import type { Service, TargetService } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { accept } from './accept.ts'
import { Deliveries } from './deliveries.ts'
import { DeliveryLog } from './delivery-log.ts'
import type { DeliveryRoute } from './delivery-route.ts'
import { laneBy } from './lane-key.ts'
import type { BroadcastOptions } from './options.ts'

/** Exists once any route broadcasts. */
export interface DeliveryService {
  readonly store: DeliveryStore
  readonly deliveries: Deliveries
  /** Whether it has resumed the deliveries of an earlier run. */
  readonly isResumed: boolean
  /** Resumes the deliveries of an earlier run with these routes, or throws a `StartupError`. */
  resume(routes: readonly DeliveryRoute[]): Promise<void>
  /**
   * Applies a new configuration in one step: deliveries under way continue under it; legs whose route or target is gone
   * become dead letters. `routes`: the routes of all stacks; empty if no route broadcasts any more.
   */
  update(change: DeliveryChange): void
  stop(graceMs: number): Promise<void>
}

export interface DeliveryChange {
  readonly routes: readonly DeliveryRoute[]
  readonly retentionMs: number
  readonly traces: Traces | undefined
}

export interface DeliveryServiceOptions {
  readonly retentionMs: number
  readonly store: DeliveryStore
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  readonly traces: Traces | undefined
  readonly log: LogText
  readonly reportBug: (error: unknown, deliveryId: string) => void
}

export function startDeliveryService(options: DeliveryServiceOptions): DeliveryService {
  const { store, traces } = options
  const deliveries = new Deliveries({
    ...options,
    store,
    resumedTraceOf: traces?.resumedTraceOf,
  })
  const log = new DeliveryLog(options)
  let isResumed = false
  return {
    store,
    deliveries,
    get isResumed() {
      return isResumed
    },
    resume: async (routes) => {
      deliveries.reconfigure(routes)
      const resumed = await deliveries.resume()
      if (!resumed.ok) throw new StartupError(resumed.failure.detail)
      isResumed = true
      log.resumed(deliveries)
    },
    update: ({ routes, retentionMs, traces: changed }) => {
      deliveries.update({ retentionMs, resumedTraceOf: changed?.resumedTraceOf })
      log.abandoned(deliveries.reconfigure(routes))
    },
    stop: async (graceMs) => {
      await deliveries.stop(graceMs)
      log.ended(deliveries.pendingCount)
    },
  }
}

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

/** The delivering side of a broadcast route; `leg-phase.ts` describes the states of one write at one target. */
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
