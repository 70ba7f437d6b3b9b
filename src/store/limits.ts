import { type Failure, failure } from '../core/failure.ts'
import type { NewDelivery } from './delivery-store.ts'
import type { TicketFigures, TicketLimits } from './ticket-store.ts'

export interface StoreLimits {
  /** What deliveries with a pending leg may come to, as `heldBytes` counts them. */
  readonly maxUndeliveredBytes: number
}

/** The defaults of `callbacks.tickets`. */
export const defaultTicketLimits: TicketLimits = { maxTickets: 100_000, maxBytes: 64 * 1024 * 1024 }

/** How long a client that was refused should wait: a store that fails tries again about as often. */
export const retryAfterMs = 1000

/**
 * What a leg takes in memory besides the request: its own state, its place in its target's queue, a timer, and its share
 * of the delivery's. 50,000 writes to three targets took 3.2 KB of heap each, so that requests of a few bytes would
 * otherwise fill the memory long before the limit.
 */
const legBytes = 1024

/** What a delivery holds while it is pending. Text is counted in characters, which HTTP makes one byte each. */
export function heldBytes({ request, lane, legs }: Pick<NewDelivery, 'request' | 'lane' | 'legs'>): number {
  const { headers, body, path, query } = request
  let bytes = legs.length * legBytes + path.length + query.length + (lane?.length ?? 0) + (body?.byteLength ?? 0)
  for (const text of headers) bytes += text.length
  return bytes
}

/** Why a write of this size is not taken while that much is undelivered; undefined if it is. */
export function overLimit(pendingBytes: number, moreBytes: number, limits: StoreLimits): Failure | undefined {
  const { maxUndeliveredBytes } = limits
  if (pendingBytes + moreBytes <= maxUndeliveredBytes) return undefined
  const detail =
    `The store holds ${pendingBytes} bytes of writes that are not delivered yet, and this one has ${moreBytes}: ` +
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
