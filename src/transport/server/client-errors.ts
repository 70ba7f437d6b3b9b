import type { Duplex } from 'node:stream'
import { type Failure, failure } from '../../core/failure.ts'
import { http } from '../../kit/node-http.ts'
import { defaultFailurePolicy, failureResponse } from './failure-response.ts'

export type WireError = Error & { readonly code?: string; readonly reason?: string }

/** Whether the client has hung up, even in the middle of a request; then nobody is left to answer. */
export function hasHungUp({ code }: WireError): boolean {
  return code === 'ECONNRESET' || code === 'HPE_INVALID_EOF_STATE'
}

/**
 * Answers malformed HTTP, or a request that is too slow or too large, with `Connection: close`. Returns the status of
 * the answer.
 */
export function refuseMalformed(error: WireError, socket: Duplex, requestId: string): number {
  const facts = { requestId, attempts: [], elapsedMs: 0, requestHeaders: [] }
  const { status, headers, body } = failureResponse(failureOf(error), defaultFailurePolicy, facts)
  const bytes = body instanceof Uint8Array ? body : Buffer.alloc(0)
  const own = ['x-request-id', requestId, 'content-length', String(bytes.length), 'connection', 'close']
  let head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n`
  const all = [...headers, ...own]
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]))
  return status
}

function failureOf({ code, reason, message }: WireError): Failure {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return failure('HEADER_TOO_LARGE', 'The request header is larger than listen.headerSize allows')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return failure(
      'REQUEST_TIMEOUT',
      'The request took longer than listen.headerTimeout or listen.requestTimeout allows',
    )
  }
  return failure('BAD_REQUEST', `Malformed HTTP: ${reason ?? message}`)
}
