import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { defaultTicketLimits } from '../limits.ts'
import type { OpenedStore, StoreKindOptions } from '../store-kind.ts'
import type { TicketFigures } from '../ticket-store.ts'
import { Ledger } from './ledger.ts'
import { deliveryOf } from './rows.ts'
import { SqliteStore } from './store.ts'
import type { StoreFault } from './store-fault.ts'
import { type StartThread, StoreThread, startStoreThread } from './thread.ts'
import { SqliteTickets } from './tickets.ts'
import { Writer } from './writer.ts'

export interface SqliteStoreOptions extends StoreKindOptions {
  /** Created if missing, in a folder that must exist. The log has the same path with `-wal` appended. */
  readonly path: string
  /** For tests that end the thread. */
  readonly startThread?: StartThread
}

/** Opens a store in one file, written by its own thread; resolves once unfinished deliveries are in memory. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<OpenedStore> {
  const { clock, limits, ticketLimits = defaultTicketLimits, log, startThread = startStoreThread } = options
  const path = resolve(options.path)
  const ledger = new Ledger()
  let writer: Writer | undefined
  const thread: StoreThread = new StoreThread(startThread, () => writer?.threadEnded(thread))
  const opening = await open(thread, path, ledger)
  if (!opening.ok && opening.storeFault.isNew !== true) {
    await thread.ask('close', null)
    await thread.end()
    return { ok: false, problem: opening.storeFault.text }
  }
  // On a full disk without a store, no data is missing: the store is created as soon as there is room.
  const {
    storeId,
    tickets: figures,
    full,
    storeFault,
  } = opening.ok ? opening : { ...notMade(), storeFault: opening.storeFault }
  writer = new Writer({ path, storeId, ledger, thread, storeFault, full, startThread, clock, log })
  const store = new SqliteStore(ledger, writer, limits)
  const tickets = new SqliteTickets({
    limits: ticketLimits,
    figures,
    ask: (name, request) => store.ask(name, request),
  })
  return { ok: true, store, tickets, limit: (changed) => store.limit(changed) }
}

interface Facts {
  readonly storeId: string
  readonly tickets: TicketFigures
  /** Why there is no room for new writes. */
  readonly full: string | undefined
}

type Opening =
  | (Facts & { readonly ok: true; readonly storeFault: undefined })
  | { readonly ok: false; readonly storeFault: StoreFault }

function notMade(): Facts {
  return { storeId: randomUUID(), tickets: { tickets: 0, bytes: 0 }, full: undefined }
}

async function open(thread: StoreThread, path: string, ledger: Ledger): Promise<Opening> {
  const opened = await thread.ask('open', { path, storeId: undefined })
  if (!opened.ok) return opened
  ledger.opened(opened.value)
  let afterSequence = 0
  for (;;) {
    const loaded = await thread.ask('load', { afterSequence })
    if (!loaded.ok) return loaded
    const last = loaded.value.at(-1)
    if (last === undefined) {
      const { storeId, tickets, full } = opened.value
      return { ok: true, storeId, tickets, full, storeFault: undefined }
    }
    for (const row of loaded.value) ledger.held.add(deliveryOf(row))
    afterSequence = last[0]
  }
}
