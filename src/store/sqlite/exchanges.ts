import type { DeliveryFilter } from '../delivery-store.ts'
import type { Ticket, TicketFacts, TicketFigures } from '../ticket-store.ts'
import type { DeliveryRow, InsertRow, ListRow, UpdateRow } from './rows.ts'
import type { StoreFault } from './store-fault.ts'
import type { PutResult, PutTickets, TicketReply } from './ticket-table.ts'

/** Requests to the store's thread and their replies. One request is open at a time. */
export interface Exchanges {
  readonly open: { readonly request: OpenRequest; readonly reply: Opened }
  readonly load: { readonly request: LoadRequest; readonly reply: readonly DeliveryRow[] }
  readonly reconcile: { readonly request: ReconcileRequest; readonly reply: Reconciled }
  readonly restore: { readonly request: RestoreRequest; readonly reply: Restored }
  readonly write: { readonly request: WriteRequest; readonly reply: Written }
  readonly find: { readonly request: FindRequest; readonly reply: DeliveryRow | null }
  readonly list: { readonly request: ListRequest; readonly reply: Listed }
  readonly remove: { readonly request: RemoveRequest; readonly reply: Removed }
  readonly ticketsPut: { readonly request: PutTickets; readonly reply: TicketReply<readonly PutResult[]> }
  readonly ticketFind: { readonly request: string; readonly reply: TicketReply<Ticket | null> }
  readonly ticketSpend: { readonly request: string; readonly reply: TicketReply<boolean> }
  readonly ticketList: { readonly request: number; readonly reply: TicketReply<readonly TicketFacts[]> }
  readonly ticketsExpire: { readonly request: number; readonly reply: TicketReply<null> }
  /** Checks that the files are still at their paths, and whether there is room for new writes. */
  readonly verify: { readonly request: null; readonly reply: Room }
  readonly close: { readonly request: null; readonly reply: null }
}

export type ExchangeName = keyof Exchanges

export type Reply<Name extends ExchangeName> =
  | { readonly ok: true; readonly value: Exchanges[Name]['reply'] }
  | { readonly ok: false; readonly storeFault: StoreFault }

export interface OpenRequest {
  readonly path: string
  /** Only this store is accepted, because memory belongs to it; if none exists, one with this id is created. */
  readonly storeId: string | undefined
}

export interface Opened extends Room {
  readonly storeId: string
  readonly made: boolean
  readonly lastSequence: number
  readonly deliveries: number
  /** Dead legs of deliveries without a pending leg. */
  readonly settledDeadLegs: number
  readonly tickets: TicketFigures
}

export interface Room {
  /** Why there is no room for new writes; undefined if there is. */
  readonly full: string | undefined
}

export interface LoadRequest {
  readonly afterSequence: number
}

/** Sequences of deliveries: those held in memory, and others with an update that is not in the file yet. */
export interface ReconcileRequest {
  readonly held: Float64Array
  readonly updated: Float64Array
  readonly lastSequence: number
}

export interface Reconciled {
  /** Held in memory, but missing or incomplete in the file. */
  readonly missing: Float64Array
  /** In the file, but never reported as stored. */
  readonly removed: number
  /** Dead legs of deliveries that memory does not hold. */
  readonly settledDeadLegs: number
  readonly deliveries: number
}

export interface RestoreRequest {
  readonly rows: readonly (readonly [InsertRow, UpdateRow])[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface Restored {
  readonly deliveries: number
}

export interface WriteRequest {
  readonly updates: readonly UpdateRow[]
  /** Updates of deliveries that memory does not hold: only the file has their previous state. */
  readonly revisions: readonly UpdateRow[]
  readonly inserts: readonly InsertRow[]
  /** The bodies of the rows. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** `full`: the inserts were left out; everything else is written. */
export interface Written extends Room {
  /** By the index of the insert. */
  readonly existing: readonly (readonly [index: number, row: DeliveryRow])[]
  readonly revised: readonly Revised[]
}

/** Missing for a revision of an unknown delivery. */
export interface Revised {
  readonly deadBefore: number
  readonly deadAfter: number
  /** The delivery, if it has a pending leg again. */
  readonly reopened: DeliveryRow | undefined
}

export type FindRequest = { readonly id: string } | { readonly route: string; readonly idempotencyKey: string }

export interface ListRequest {
  readonly filter: DeliveryFilter
  readonly beforeSequence: number
}

export interface Listed {
  readonly rows: readonly ListRow[]
  /** Where the next page starts; undefined on the last page. */
  readonly nextBefore: number | undefined
}

export interface RemoveRequest {
  readonly before: number
}

export interface Removed {
  readonly removed: number
  readonly more: boolean
}
