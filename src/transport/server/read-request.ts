import type { IncomingMessage } from 'node:http'
import { type Failure, failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { HopByHop } from '../hop-by-hop.ts'
import type { TrustedProxies } from './proxies.ts'

/** Besides the connection's own fields: what the gateway answers itself, or sets anew. */
const ownFields = [
  'expect',
  'host',
  'trailer',
  'proxy-authorization',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
  'forwarded',
]
const passing = new HopByHop(ownFields)

export interface RequestTarget {
  readonly path: string
  readonly query: string
}

/** Path and query as they were sent, or why they will not do. */
export function readTarget(url: string): RequestTarget | Failure {
  const absolute = url.startsWith('/') ? url : withoutOrigin(url)
  if (absolute === undefined) return failure('BAD_REQUEST', 'The request target must be a path')
  const mark = absolute.indexOf('?')
  const path = mark < 0 ? absolute : absolute.slice(0, mark)
  if (hasDotSegment(path)) {
    // A target would resolve them, and so leave the path that the route allows.
    return failure('BAD_REQUEST', 'The path must not contain the segments . or ..')
  }
  return { path, query: mark < 0 ? '' : absolute.slice(mark + 1) }
}

export interface ReadOptions {
  readonly requestId: string
  readonly proxies: TrustedProxies
  readonly params: GatewayRequest['params']
  readonly upgrade: string | undefined
}

export function readRequest(message: IncomingMessage, target: RequestTarget, options: ReadOptions): GatewayRequest {
  return {
    method: message.method ?? 'GET',
    path: target.path,
    query: target.query,
    headers: headersOf(message, options),
    body: hasBody(message) ? message : undefined,
    params: options.params,
    upgrade: options.upgrade,
    part: undefined,
    attempt: undefined,
  }
}

/** The client's own id counts only where a trusted proxy stands before us. */
export function clientRequestId(message: IncomingMessage, proxies: TrustedProxies): string | undefined {
  if (!proxies.trusts(message.socket.remoteAddress)) return undefined
  const id = headerValue(message.rawHeaders, 'x-request-id')
  return id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined
}

function headersOf(message: IncomingMessage, { requestId, proxies }: ReadOptions): HeaderPairs {
  const raw = message.rawHeaders
  const peer = message.socket.remoteAddress ?? ''
  const trusted = proxies.trusts(peer)
  const before = trusted ? headerValue(raw, 'x-forwarded-for') : undefined
  const headers = passing.remove(raw)
  headers.push('x-request-id', requestId, 'x-forwarded-for', before === undefined ? peer : `${before}, ${peer}`)
  const host = (trusted ? headerValue(raw, 'x-forwarded-host') : undefined) ?? headerValue(raw, 'host')
  if (host !== undefined) headers.push('x-forwarded-host', host)
  headers.push('x-forwarded-proto', (trusted ? headerValue(raw, 'x-forwarded-proto') : undefined) ?? 'http')
  return headers
}

function hasBody(message: IncomingMessage): boolean {
  const length = headerValue(message.rawHeaders, 'content-length')
  if (length !== undefined) return length !== '0'
  return headerValue(message.rawHeaders, 'transfer-encoding') !== undefined
}

function hasDotSegment(path: string): boolean {
  if (!path.includes('.') && !path.includes('%')) return false
  return /(?:^|\/)(?:\.|%2e){1,2}(?:\/|%2f|\\|%5c|$)/i.test(path)
}

/** The absolute form that clients send to proxies (RFC 9112, 3.2.2). */
function withoutOrigin(url: string): string | undefined {
  const match = /^https?:\/\/[^/?#]+(\/[^#]*|\?[^#]*)?$/i.exec(url)
  if (match === null) return undefined
  const rest = match[1] ?? '/'
  return rest.startsWith('?') ? `/${rest}` : rest
}
