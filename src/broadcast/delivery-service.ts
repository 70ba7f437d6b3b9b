import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { Deliveries } from './deliveries.ts'
import { DeliveryLog } from './delivery-log.ts'
import type { DeliveryRoute } from './delivery-route.ts'

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
