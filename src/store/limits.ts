import { type Failure, failure } from '../core/failure.ts'
import type { NewDelivery } from './delivery-store.ts'
import type { TicketFigures, TicketLimits } from './ticket-store.ts'

export interface StoreLimits {
  /** Limit for all deliveries with a pending leg, as `heldBytes` counts them. */
  readonly maxUndeliveredBytes: number
}

/** The defaults of `callbacks.tickets`. */
export const defaultTicketLimits: TicketLimits = { maxTickets: 100_000, maxBytes: 64 * 1024 * 1024 }

/** How long a refused client should wait: about the retry interval of a failed store. */
export const retryAfterMs = 1000

/**
 * Memory that a leg takes besides the request: its own state, its queue entry at the target, a timer, and its share of
 * the delivery. 50,000 writes to three targets took 3.2 KB of heap each, so without this charge requests of a few bytes
 * would fill the memory long before the limit.
 */
const legBytes = 1024

/** Size of a pending delivery. Text is counted in characters, which HTTP makes one byte each. */
export function heldBytes({ request, lane, legs }: Pick<NewDelivery, 'request' | 'lane' | 'legs'>): number {
  const { headers, body, path, query } = request
  let bytes = legs.length * legBytes + path.length + query.length + (lane?.length ?? 0) + (body?.byteLength ?? 0)
  for (const text of headers) bytes += text.length
  return bytes
}

/** Why a write of this size is refused at this backlog; undefined if it is accepted. */
export function overLimit(pendingBytes: number, moreBytes: number, limits: StoreLimits): Failure | undefined {
  const { maxUndeliveredBytes } = limits
  if (pendingBytes + moreBytes <= maxUndeliveredBytes) return undefined
  const detail =
    `The store holds ${pendingBytes} bytes of undelivered writes, and this one has ${moreBytes}: ` +
    `together more than its limit of ${maxUndeliveredBytes} bytes (store.maxUndelivered).`
  return failure('STORE_FULL', detail, { retryAfterMs })
}

/** Why a result of this size is refused beside the stored ones; undefined if it is kept. */
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
