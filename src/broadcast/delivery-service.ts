import type { Runtime } from '../kit/runtime.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { Deliveries } from './deliveries.ts'
import { DeliveryLog } from './delivery-log.ts'
import type { DeliveryRoute } from './delivery-route.ts'
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
