import type { Readable } from 'node:stream'
import type { Attempt } from './attempt.ts'
import type { HeaderPairs } from './headers.ts'

/** Whole in memory, still arriving, or none. Only a whole body can be sent twice. */
export type RequestBody = Uint8Array | Readable | undefined

/** A client's request. */
export interface GatewayRequest {
  readonly method: string
  /** As sent, percent-encoding included, without the query. */
  readonly path: string
  /** As sent, without the `?`; empty if there is none. */
  readonly query: string
  /** End-to-end fields only: hop-by-hop fields have been removed. */
  readonly headers: HeaderPairs
  readonly body: RequestBody
  /** Captures of the route's pattern: named ones decoded, the rest (`*`) as sent. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** The protocol that an upgrade asks for (`websocket`). */
  readonly upgrade: string | undefined
}

/** A request to one target: from the balancer inwards. */
export interface TargetRequest extends GatewayRequest {
  readonly attempt: Attempt
}

/** Names each field: a copy by spread has no room for one more, so that `attempt` would need an allocation of its own. */
export function targetRequest(request: GatewayRequest, attempt: Attempt): TargetRequest {
  const { method, path, query, headers, body, params, upgrade } = request
  return { method, path, query, headers, body, params, upgrade, attempt }
}

const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** RFC 9110, 9.2.2: sending it twice has the same effect as sending it once. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method)
}

/** RFC 9110, 9.2.1: the method only reads. */
export function isSafe(method: string): boolean {
  return safeMethods.has(method)
}
