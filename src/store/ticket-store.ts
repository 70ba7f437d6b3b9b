import type { FailureCode } from '../core/failure.ts'
import type { Result } from '../core/result.ts'

/**
 * Stores results that arrived with no client waiting. Times are wall-clock milliseconds. Failures have the code
 * `STORE_FULL` or `STORE_UNAVAILABLE`; nothing rejects. When `put` has resolved to `kept` the result is durable, if the
 * store is.
 */
export interface TicketStore {
  /** The first result of a ticket stays: a later one is `repeated` and changes nothing. */
  put(ticket: Ticket): Promise<Result<'kept' | 'repeated'>>
  /** Also finds a ticket that is spent or expired, until it is forgotten; then the value is undefined. */
  find(id: string): Promise<Result<Ticket | undefined>>
  /** Drops the result and remembers that it existed; `false` if there was none to drop. */
  spend(id: string): Promise<Result<boolean>>
  /** Newest first, without results. */
  list(limit: number): Promise<Result<readonly TicketFacts[]>>
  /** Drops expired results, and forgets tickets whose `knownUntil` has passed. */
  removeExpired(now: number): Promise<Result<undefined>>
}

/** A store in the thread that owns it. Other threads reach it by messages, as a `TicketStore`. */
export interface TicketKeeper extends TicketStore {
  figures(): TicketFigures
  /** Applies to new results; stored ones stay. */
  limit(limits: TicketLimits): void
}

export interface TicketFacts {
  readonly id: string
  /** The route of the call, or of the callback if the call belongs to an earlier run. */
  readonly route: string
  readonly createdAt: number
  /** When the result expires. */
  readonly readyUntil: number
  /** When the ticket is forgotten. Until then a late client learns why there is no result. */
  readonly knownUntil: number
  /** Size of the result. */
  readonly bytes: number
}

export interface Ticket extends TicketFacts {
  /** Undefined once spent or dropped. */
  readonly result: TicketResult | undefined
}

export type TicketResult =
  | { readonly kind: 'answer'; readonly status: number; readonly contentType: string; readonly body: Uint8Array }
  /** The backend failed after the client had its ticket. */
  | { readonly kind: 'failure'; readonly code: FailureCode; readonly detail: string }

export interface TicketLimits {
  /** Limit for tickets with a result. */
  readonly maxTickets: number
  /** Limit for the size of all results. */
  readonly maxBytes: number
}

export interface TicketFigures {
  /** Tickets with a result. */
  readonly tickets: number
  readonly bytes: number
}

export function resultBytes(result: TicketResult): number {
  return result.kind === 'answer' ? result.body.byteLength + result.contentType.length : result.detail.length
}
