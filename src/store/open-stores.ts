import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import { countOf } from '../kit/count-of.ts'
import type { LogText } from '../kit/log-text.ts'
import { StartFault } from '../kit/startup-error.ts'
import type { DeliveryStore } from './delivery-store.ts'
import type { StoreLimits } from './limits.ts'
import type { TicketKeeper, TicketLimits } from './ticket-store.ts'

export interface Stores {
  readonly deliveries: DeliveryStore
  readonly tickets: TicketKeeper
  /** The limits of another configuration; that its path is another one has no effect. */
  update(config: Config): void
  close(): Promise<void>
}

export interface StoringOptions {
  /** Where a relative path begins: the folder of the configuration file. */
  readonly folder: string
  readonly clock: Clock
  readonly log: LogText
}

/**
 * Opens the store, or throws a `StartFault`; undefined where no route needs one. What an earlier run left unfinished in it
 * then waits: to open it would make dead letters of it, and it may be another gateway's.
 */
export async function openStores(config: Config, options: StoringOptions): Promise<Stores | undefined> {
  const isNeeded = config.routes.some(
    ({ broadcast, callback }) => broadcast !== undefined || callback?.durable === true,
  )
  if (!isNeeded) {
    await tellOfUnfinished(config, options)
    return undefined
  }
  const { openSqliteStore } = await import('./sqlite/sqlite-store.ts')
  const opened = await openSqliteStore({
    path: pathIn(options.folder, config.store.path),
    clock: options.clock,
    limits: storeLimits(config),
    ticketLimits: ticketLimits(config),
    log: options.log,
  })
  if (!opened.ok) throw new StartFault(opened.fault, ['store', 'path'])
  const { store, tickets, limit } = opened
  return {
    deliveries: store,
    tickets,
    update: (changed) => {
      limit(storeLimits(changed))
      tickets.limit(ticketLimits(changed))
    },
    close: () => store.close(),
  }
}

async function tellOfUnfinished({ store }: Config, { folder, log }: StoringOptions): Promise<void> {
  const path = pathIn(folder, store.path)
  if (!existsSync(path)) return
  // SQLite takes its time to load, and few need it here.
  const { unfinishedIn } = await import('./sqlite/inspect.ts')
  const count = unfinishedIn(path)
  if (count === 0) return
  const deliveries = countOf(count, 'unfinished delivery', 'unfinished deliveries')
  log(`The store ${path} holds ${deliveries}, and no route broadcasts: they wait until one does.`, 'warn')
}

function storeLimits({ store }: Config): StoreLimits {
  return { maxUndeliveredBytes: store.maxUndelivered }
}

export function ticketLimits({ callbacks: { tickets } }: Config): TicketLimits {
  return { maxTickets: tickets.limit, maxBytes: tickets.size }
}

export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}
