import { existsSync } from 'node:fs'
import type { Clock } from '../kit/clock.ts'
import { countOf } from '../kit/count-of.ts'
import type { LogText } from '../kit/log-text.ts'
import { pathIn } from '../kit/paths.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { DeliveryStore } from './delivery-store.ts'
import type { StoreLimits } from './limits.ts'
import type { StoreOptions } from './options.ts'
import type { StoreKind } from './store-kind.ts'
import type { TicketKeeper, TicketLimits } from './ticket-store.ts'

/** The part of a configuration that concerns the stores. */
export interface StoresConfig {
  readonly kind: StoreKind
  readonly store: StoreOptions
  readonly ticketLimits: TicketLimits
  /** Whether any route keeps data in the store. */
  readonly isNeeded: boolean
}

export interface Stores {
  readonly deliveries: DeliveryStore
  readonly tickets: TicketKeeper
  /** Applies the limits of a new configuration; a changed path has no effect. */
  update(config: StoresConfig): void
  close(): Promise<void>
}

export interface StoringOptions {
  /** The base of a relative path: the folder of the configuration file. */
  readonly folder: string
  readonly clock: Clock
  readonly log: LogText
}

/**
 * Opens the store, or throws a `StartupError`; undefined if no route needs one. Unfinished deliveries of an earlier run
 * then wait: opening the store would turn them into dead letters, and it may belong to another gateway.
 */
export async function openStores(config: StoresConfig, options: StoringOptions): Promise<Stores | undefined> {
  if (!config.isNeeded) {
    await tellOfUnfinished(config, options)
    return undefined
  }
  const opened = await config.kind.open({
    path: pathIn(options.folder, config.store.path),
    clock: options.clock,
    limits: storeLimits(config),
    ticketLimits: config.ticketLimits,
    log: options.log,
  })
  if (!opened.ok) throw new StartupError(opened.problem, ['store', 'path'])
  const { store, tickets, limit } = opened
  return {
    deliveries: store,
    tickets,
    update: (changed) => {
      limit(storeLimits(changed))
      tickets.limit(changed.ticketLimits)
    },
    close: () => store.close(),
  }
}

async function tellOfUnfinished({ store, kind }: StoresConfig, { folder, log }: StoringOptions): Promise<void> {
  const path = pathIn(folder, store.path)
  if (!existsSync(path)) return
  const count = await kind.unfinishedIn(path)
  if (count === 0) return
  const deliveries = countOf(count, 'unfinished delivery', 'unfinished deliveries')
  log(`The store ${path} holds ${deliveries}, but no route uses \`broadcast\`: they wait until one does.`, 'warn')
}

function storeLimits({ store }: StoresConfig): StoreLimits {
  return { maxUndeliveredBytes: store.maxUndelivered }
}
