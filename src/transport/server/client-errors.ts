import type { Duplex } from 'node:stream'

interface Refusal {
  readonly status: string
  readonly detail: string
}

const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    detail: 'The request header is larger than listen.headerSize allows',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    detail: 'The request took longer than listen.headerTimeout or listen.requestTimeout allows',
  },
}

/** Answers what is no HTTP, or too slow or too large to become a request, and closes its connection. */
export function refuseMalformed(error: Error & { code?: string; reason?: string }, socket: Duplex, id: string): void {
  // It has gone by itself, or an answer is under way on this connection already.
  const busy = (socket as Duplex & { _httpMessage?: unknown })._httpMessage !== undefined
  if (error.code === 'ECONNRESET' || !socket.writable || busy) {
    socket.destroy()
    return
  }
  const reason = error.reason ?? error.message
  const refusal = refusals[error.code ?? ''] ?? { status: '400 Bad Request', detail: `Malformed HTTP: ${reason}` }
  const problem = {
    type: 'urn:hedgerow:failure:BAD_REQUEST',
    title: 'Bad request',
    status: Number(refusal.status.slice(0, 3)),
    detail: refusal.detail,
    code: 'BAD_REQUEST',
    requestId: id,
  }
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${refusal.status}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
