import type { Readable } from 'node:stream'
import type { Attempt } from './attempt.ts'
import type { HeaderPairs } from './headers.ts'

/** Whole in memory, still arriving, or none. Only what is whole can be sent twice. */
export type RequestBody = Uint8Array | Readable | undefined

/** What a client asks, or (further in) what is asked of a target. */
export interface GatewayRequest {
  readonly method: string
  /** As it was sent, percent-encoding included, without the query. */
  readonly path: string
  /** As it was sent, without the `?`; empty where there is none. */
  readonly query: string
  /** End-to-end fields only: what belongs to one connection has been taken out. */
  readonly headers: HeaderPairs
  readonly body: RequestBody
  /** What the route's pattern captured: names decoded, the rest (`*`) as it was sent. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** The protocol that an upgrade asks for (`websocket`). */
  readonly upgrade: string | undefined
  /** The named call of an `all` route that this request is for. */
  readonly part: string | undefined
  /** The attempt that this request is sent for: there from the balancer inwards. */
  readonly attempt: Attempt | undefined
}

const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** RFC 9110, 9.2.2: to send it twice means the same as to send it once. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method)
}

/** RFC 9110, 9.2.1: it only reads. */
export function isSafe(method: string): boolean {
  return safeMethods.has(method)
}
