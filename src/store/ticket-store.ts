import type { Failure, FailureCode } from '../core/failure.ts'

/**
 * Where results are kept that came when nobody was waiting for them. Times are wall-clock milliseconds. What cannot be
 * done is a `Failure` with `STORE_FULL` or `STORE_UNAVAILABLE`; nothing rejects. When `put` has resolved to `kept` the
 * result is durable, if the store is.
 */
export interface TicketStore {
  /** The first result of a ticket stays: a later one is `repeated` and changes nothing. */
  put(ticket: Ticket): Promise<'kept' | 'repeated' | Failure>
  /** Also one that is spent or no longer ready, until it is forgotten. */
  find(id: string): Promise<Ticket | Failure | undefined>
  /** Drops the result and remembers that it was there; `false` if there was none to drop. */
  spend(id: string): Promise<boolean | Failure>
  /** The newest first, without their results. */
  list(limit: number): Promise<readonly TicketFacts[] | Failure>
  /** Drops results that are no longer ready, and forgets tickets that nobody needs to be told of any more. */
  removeExpired(now: number): Promise<Failure | undefined>
}

/** A store in the thread that keeps it. Other threads reach it by messages, as a `TicketStore`. */
export interface TicketKeeper extends TicketStore {
  figures(): TicketFigures
  /** From now on; what is kept already stays. */
  limit(limits: TicketLimits): void
}

export interface TicketFacts {
  readonly id: string
  /** Of its call; where its callback came in, if the call is of an earlier run. */
  readonly route: string
  readonly createdAt: number
  /** Until when the result can be fetched. */
  readonly readyUntil: number
  /** Until when the ticket is known at all, so that whoever comes late is told what became of it. */
  readonly knownUntil: number
  /** Of the result. */
  readonly bytes: number
}

export interface Ticket extends TicketFacts {
  /** Undefined once it has been spent or dropped. */
  readonly result: TicketResult | undefined
}

export type TicketResult =
  | { readonly kind: 'answer'; readonly status: number; readonly contentType: string; readonly body: Uint8Array }
  /** The backend failed after the client had its ticket. */
  | { readonly kind: 'failure'; readonly code: FailureCode; readonly detail: string }

export interface TicketLimits {
  /** How many have a result at a time. */
  readonly maxTickets: number
  /** What their results come to. */
  readonly maxBytes: number
}

export interface TicketFigures {
  /** With a result. */
  readonly tickets: number
  readonly bytes: number
}

export function resultBytes(result: TicketResult): number {
  return result.kind === 'answer' ? result.body.byteLength + result.contentType.length : result.detail.length
}
