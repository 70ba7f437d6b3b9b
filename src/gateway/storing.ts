import { isAbsolute, join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { TicketStore } from '../store/ticket-store.ts'
import { StartFault } from './start-fault.ts'

export interface Stores {
  readonly deliveries: DeliveryStore
  readonly tickets: TicketStore
  close(): Promise<void>
}

export interface StoringOptions {
  /** Where a relative path begins: the folder of the configuration file. */
  readonly folder: string
  readonly clock: Clock
  readonly log: LogText
}

/** Opens the store, or throws a `StartFault`; undefined where no route needs one. */
export async function openStores(config: Config, options: StoringOptions): Promise<Stores | undefined> {
  const isNeeded = config.routes.some(
    ({ broadcast, callback }) => broadcast !== undefined || callback?.durable === true,
  )
  if (!isNeeded) return undefined
  const { tickets } = config.callbacks
  const opened = await openSqliteStore({
    path: pathIn(options.folder, config.store.path),
    clock: options.clock,
    limits: { maxUndeliveredBytes: config.store.maxUndelivered },
    ticketLimits: { maxTickets: tickets.limit, maxBytes: tickets.size },
    log: options.log,
  })
  if (!opened.ok) throw new StartFault(opened.fault)
  return { deliveries: opened.store, tickets: opened.tickets, close: () => opened.store.close() }
}

export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}
