import type { Config } from '../config/schema.ts'
import { Deliveries } from '../flows/broadcast/deliveries.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { Random } from '../kit/random.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'

/** What is there once a route broadcasts. */
export interface Broadcasting {
  readonly store: DeliveryStore
  readonly deliveries: Deliveries
}

export interface BroadcastingOptions {
  readonly store: DeliveryStore | undefined
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  readonly logFault: (fault: unknown, deliveryId: string) => void
}

/** Undefined where no route broadcasts. */
export function startBroadcasting(config: Config, options: BroadcastingOptions): Broadcasting | undefined {
  const { store } = options
  if (store === undefined || config.routes.every(({ broadcast }) => broadcast === undefined)) return undefined
  return { store, deliveries: new Deliveries({ ...options, store, retentionMs: config.store.retention }) }
}
