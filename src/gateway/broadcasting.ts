import { isAbsolute, join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { Deliveries } from '../flows/broadcast/deliveries.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { Random } from '../kit/random.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'

/** What is there once a route broadcasts. */
export interface Broadcasting {
  readonly store: DeliveryStore
  readonly deliveries: Deliveries
}

export interface BroadcastingOptions {
  /** Where a relative path of the store begins: the folder of the configuration file. */
  readonly folder: string
  /** Instead of the configured one, for tests and benchmarks. */
  readonly store?: DeliveryStore
  readonly clock: Clock
  readonly random: Random
  readonly events: EventBus
  readonly log: (text: string) => void
  readonly logFault: (fault: unknown, deliveryId: string) => void
}

/** The configuration is good, and yet the gateway cannot start: the message says what to do. */
export class StartFault extends Error {}

/** Opens the store, or throws a `StartFault`; undefined where no route broadcasts. */
export async function openBroadcasting(
  config: Config,
  options: BroadcastingOptions,
): Promise<Broadcasting | undefined> {
  if (config.routes.every(({ broadcast }) => broadcast === undefined)) return undefined
  const { clock, random, events, logFault } = options
  const store = options.store ?? (await openStore(config, options))
  return {
    store,
    deliveries: new Deliveries({ store, clock, random, events, logFault, retentionMs: config.store.retention }),
  }
}

async function openStore(config: Config, { folder, clock, log }: BroadcastingOptions): Promise<DeliveryStore> {
  const path = isAbsolute(config.store.path) ? config.store.path : join(folder, config.store.path)
  const opened = await openSqliteStore({
    path,
    clock,
    limits: { maxUndeliveredBytes: config.store.maxUndelivered },
    log,
  })
  if (!opened.ok) throw new StartFault(opened.fault)
  return opened.store
}
