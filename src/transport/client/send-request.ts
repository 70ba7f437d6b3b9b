import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Failure } from '../../core/failure.ts'
import type { GatewayRequest, RequestBody } from '../../core/request.ts'
import { expectsBody } from './request-head.ts'
import { Upload } from './upload.ts'

/**
 * Up to so much of a held body goes out as one string with the head: one write, where head and bytes would take two
 * buffers.
 */
const maxJoinedBytes = 4096

export interface Outgoing {
  readonly socket: Socket
  readonly head: string
  readonly body: RequestBody
  /** Of a streamed body, where the client declares it. */
  readonly declaredLength: number | undefined
  /** The body broke off, or was another than the head says. */
  readonly onFailed: (reason: Failure) => void
}

/** Writes a request; of a body that streams the first part, and the rest as the socket takes it. */
export function sendRequest({ socket, head, body, declaredLength, onFailed }: Outgoing): Upload | undefined {
  if (body instanceof Readable) return new Upload({ source: body, socket, head, length: declaredLength, onFailed })
  if (body === undefined || body.length === 0) socket.write(head, 'latin1')
  else if (body.length <= maxJoinedBytes) socket.write(head + latin1(body), 'latin1')
  else {
    socket.cork()
    socket.write(head, 'latin1')
    socket.write(body)
    socket.uncork()
  }
  return undefined
}

/** Whether another request may follow on the same connection. */
export function isSentWhole({ method, body, upgrade }: GatewayRequest, upload: Upload | undefined): boolean {
  if (upgrade !== undefined) return false
  if (body === undefined || (body instanceof Uint8Array && body.length === 0)) return true
  // A body where none is expected is not read by every server, and would be taken for a request.
  return expectsBody(method) && upload?.isWhole !== false
}

/** Every byte as it is: latin1 has one sign for each. */
function latin1(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
}
