import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Failure } from '../../core/failure.ts'
import type { GatewayRequest, RequestBody } from '../../core/request.ts'
import { expectsBody } from './request-head.ts'
import { Upload } from './upload.ts'

/**
 * A held body up to this size is sent as one string with the head: one buffer to write instead of two.
 */
const maxJoinedBytes = 4096

export interface Outgoing {
  readonly socket: Socket
  readonly head: string
  readonly body: RequestBody
  /** Length of a streamed body, if the client declares it. */
  readonly declaredLength: number | undefined
  /** Called when the body breaks off or does not match the declared length. */
  readonly onFailed: (reason: Failure) => void
}

/** Writes a request; a streamed body follows as fast as the socket accepts it. */
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
  // Some servers do not read an unexpected body and would take it for the next request.
  return expectsBody(method) && upload?.isWhole !== false
}

/** Keeps every byte: latin1 maps each one to a character. */
function latin1(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
}
