import { type Failure, failure } from '../core/failure.ts'
import type { StoredRequest } from './delivery-store.ts'
import type { TicketFigures, TicketLimits } from './ticket-store.ts'

export interface StoreLimits {
  /** What request headers and bodies of deliveries with a pending leg may come to. */
  readonly maxUndeliveredBytes: number
}

/** The defaults of `callbacks.tickets`. */
export const defaultTicketLimits: TicketLimits = { maxTickets: 10_000, maxBytes: 64 * 1024 * 1024 }

/** How long a client that was refused should wait: a store that fails tries again about as often. */
export const retryAfterMs = 1000

/** Header fields are counted in characters, which HTTP makes one byte each. */
export function requestBytes({ headers, body }: StoredRequest): number {
  let bytes = body === undefined ? 0 : body.byteLength
  for (const text of headers) bytes += text.length
  return bytes
}

/** Why a request of this size is not taken while that much is undelivered; undefined if it is. */
export function overLimit(heldBytes: number, moreBytes: number, limits: StoreLimits): Failure | undefined {
  const { maxUndeliveredBytes } = limits
  if (heldBytes + moreBytes <= maxUndeliveredBytes) return undefined
  const detail =
    `The store holds ${heldBytes} bytes of requests that are not delivered yet, and this one has ${moreBytes}: ` +
    `together more than its limit of ${maxUndeliveredBytes} bytes (store.maxUndelivered).`
  return failure('STORE_FULL', detail, { retryAfterMs })
}

/** Why a result of this size is not kept beside those that are; undefined if it is. */
export function overTicketLimit(
  { tickets, bytes }: TicketFigures,
  moreBytes: number,
  { maxTickets, maxBytes }: TicketLimits,
): Failure | undefined {
  if (tickets >= maxTickets) return ticketsFull(`${tickets} tickets, its limit (callbacks.tickets.limit)`)
  if (bytes + moreBytes <= maxBytes) return undefined
  const sum = `${bytes} bytes of results, and this one has ${moreBytes}`
  return ticketsFull(`${sum}: together more than its limit of ${maxBytes} bytes (callbacks.tickets.size)`)
}

function ticketsFull(what: string): Failure {
  return failure('STORE_FULL', `The store holds ${what}.`, { retryAfterMs })
}
