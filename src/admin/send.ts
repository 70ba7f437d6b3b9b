import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, dataHeaders } from './answer.ts'

/** Compressing a shorter body does not save a packet. */
const minGzipBytes = 2048
const gzipLevel = 3

/** Sends an answer, compressed if worthwhile and accepted; headers only if the client has the content already. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const headers: Record<string, string> = { ...dataHeaders, ...answer.headers }
  const etag = headers['etag']
  if (etag !== undefined && answer.status === 200 && hasCurrent(request, etag)) {
    end(request, response, { ...answer, status: 304, headers, body: '' })
    return
  }
  if (body.length < minGzipBytes || headers['content-encoding'] !== undefined || !takes(request, 'gzip')) {
    end(request, response, { ...answer, headers, body })
    return
  }
  headers['vary'] = 'accept-encoding'
  // In a pool thread: compressing the history of a busy gateway takes long enough to delay calls.
  // Not imported: the module takes 2 MiB, and most gateways have no dashboard open.
  const { gzip } = process.getBuiltinModule('node:zlib')
  gzip(body, { level: gzipLevel }, (error, compressed) => {
    if (error !== null) end(request, response, { ...answer, headers, body })
    else end(request, response, { ...answer, headers: { ...headers, 'content-encoding': 'gzip' }, body: compressed })
  })
}

/** For content that seldom changes. Weak, because the same content may be sent compressed or not. */
export function etagOf(body: string | Uint8Array): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

/** Whether the client accepts this coding: listed, and not with `q=0`. */
export function takes({ headers }: IncomingMessage, coding: string): boolean {
  const given = headers['accept-encoding']
  if (given === undefined) return false
  return given.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}

function end(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return
  if (status === 304) response.writeHead(status, headers).end()
  else {
    response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

function hasCurrent({ headers }: IncomingMessage, etag: string): boolean {
  return (headers['if-none-match'] ?? '').split(',').some((tag) => tag.trim() === etag)
}
