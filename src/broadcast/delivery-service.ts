import type { Target } from '../core/attempt.ts'
import type { Service, TargetService } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { Runtime } from '../kit/runtime.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { acceptWrites } from './accept.ts'
import { Deliveries } from './deliveries.ts'
import { DeliveryLog } from './delivery-log.ts'
import type { DeliveryRoute } from './delivery-route.ts'
import { laneBy } from './lane-key.ts'
import type { BroadcastOptions } from './options.ts'
import { loadUnfinished } from './unfinished.ts'

/** Exists once any route broadcasts. */
export interface DeliveryService {
  readonly store: DeliveryStore
  readonly deliveries: Deliveries
  /**
   * Applies a configuration. The first one begins the deliveries of an earlier run; with a later one, deliveries under
   * way go on. Legs whose route or target is gone become dead letters.
   */
  configure(settings: DeliverySettings): void
  stop(graceMs: number): Promise<void>
}

export interface DeliverySettings {
  /** Empty if no route broadcasts any more. */
  readonly routes: readonly DeliveryRoute[]
  readonly retentionMs: number
  readonly traces: Traces | undefined
}

export interface DeliveryServiceOptions {
  readonly retentionMs: number
  readonly store: DeliveryStore
}

/** Reads the deliveries of an earlier run, and sends nothing yet. Rejects with a `StartupError` if the store fails. */
export async function openDeliveryService(runtime: Runtime, options: DeliveryServiceOptions): Promise<DeliveryService> {
  const { store } = options
  const loaded = await loadUnfinished(store)
  if (!loaded.ok) throw new StartupError(loaded.failure.detail)
  let unfinished = loaded.value
  let isConfigured = false
  const deliveries = new Deliveries({ ...runtime, ...options })
  const log = new DeliveryLog(runtime)
  return {
    store,
    deliveries,
    configure: ({ routes, retentionMs, traces }) => {
      deliveries.update({ retentionMs, resumedTraceOf: traces?.resumedTraceOf })
      const abandoned = deliveries.reconfigure(routes)
      if (isConfigured) {
        log.abandoned(abandoned)
        return
      }
      isConfigured = true
      deliveries.resume(unfinished)
      unfinished = []
      log.resumed(deliveries)
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
  const accepted = { route: routeName, targets: names, respond, laneOf, deliveries, store, clock, newId }
  return {
    service: acceptWrites(accepted),
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
