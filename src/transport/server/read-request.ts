import type { IncomingMessage } from 'node:http'
import { type Failure, failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue, headerValues } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { HopByHop } from '../hop-by-hop.ts'
import type { TrustedProxies } from './proxies.ts'

/** Dropped besides hop-by-hop fields: the gateway answers these itself or sets its own. */
const ownFields = [
  'expect',
  'http2-settings',
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
/** The gateway relies on these or also writes them: a second spelling could tell a target something else. */
const genuineFields = ['content-length', 'idempotency-key', 'x-hedgerow-attempt', 'x-request-timeout-ms']
const passing = new HopByHop({ dropped: ownFields, genuine: genuineFields })

/** Whether a field of this name (lower case) that a client sends is kept in the request's headers. */
export function isPassed(name: string): boolean {
  return passing.remove([name, '']).length > 0
}

export interface RequestTarget {
  /** From the absolute form; takes precedence over `Host` (RFC 9112, 3.2.2). */
  readonly authority: string | undefined
  readonly path: string
  readonly query: string
}

/** Path and query as sent, or why they are refused. */
export function readTarget(url: string): RequestTarget | Failure {
  const refuse = (detail: string): Failure => failure('BAD_REQUEST', detail)
  // Clients send the absolute form to proxies (RFC 9112, 3.2.2).
  const absolute = url.startsWith('/') ? undefined : /^https?:\/\/([^/?#]+)([/?].*)?$/i.exec(url)
  if (absolute === null) return refuse('The request target must be a path')
  const relative = absolute === undefined ? url : withSlash(absolute[2] ?? '/')
  const mark = relative.indexOf('?')
  const path = mark < 0 ? relative : relative.slice(0, mark)
  if (path.includes('#')) return refuse('The path must not contain #')
  if (!isEncodedText(path)) return refuse('The path is not percent-encoded UTF-8')
  // A target would resolve them, and so leave the path that the route allows.
  if (hasDotSegment(path)) return refuse('The path must not contain the segments . or ..')
  return { path, query: mark < 0 ? '' : relative.slice(mark + 1), authority: absolute?.[1] }
}

function isEncodedText(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

function withSlash(rest: string): string {
  return rest.startsWith('/') ? rest : `/${rest}`
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
    headers: headersOf(message, target.authority, options),
    body: hasBody(message) ? message.on('error', tolerate) : undefined,
    params: options.params,
    upgrade: options.upgrade,
  }
}

/** The client's own id, which counts only if a trusted proxy sent it. */
export function clientRequestId(message: IncomingMessage, proxies: TrustedProxies): string | undefined {
  if (!proxies.trusts(message.socket.remoteAddress)) return undefined
  const id = headerValue(message.rawHeaders, 'x-request-id')
  return id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined
}

function headersOf(message: IncomingMessage, authority: string | undefined, options: ReadOptions): HeaderPairs {
  const { requestId, proxies } = options
  const raw = message.rawHeaders
  const peer = message.socket.remoteAddress ?? ''
  const trusted = proxies.trusts(peer)
  const before = trusted ? headerValues(raw, 'x-forwarded-for').join(', ') : ''
  const headers = passing.remove(raw)
  headers.push('x-request-id', requestId, 'x-forwarded-for', before === '' ? peer : `${before}, ${peer}`)
  const host = (trusted ? headerValue(raw, 'x-forwarded-host') : undefined) ?? authority ?? headerValue(raw, 'host')
  if (host !== undefined) headers.push('x-forwarded-host', host)
  headers.push('x-forwarded-proto', (trusted ? headerValue(raw, 'x-forwarded-proto') : undefined) ?? 'http')
  return headers
}

/** Each reader of the body handles its errors; between two readers an unhandled one would end the process. */
function tolerate(): void {}

function hasBody(message: IncomingMessage): boolean {
  const length = headerValue(message.rawHeaders, 'content-length')
  if (length !== undefined) return length !== '0'
  return headerValue(message.rawHeaders, 'transfer-encoding') !== undefined
}

function hasDotSegment(path: string): boolean {
  if (!path.includes('.') && !path.includes('%')) return false
  return /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|%3b|$)/i.test(path)
}
