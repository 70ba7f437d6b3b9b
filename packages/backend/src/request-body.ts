import type { IncomingMessage } from 'node:http'
import { headerValue } from './headers.ts'

export const noBody: Uint8Array = new Uint8Array(0)

export function hasBody(incoming: IncomingMessage): boolean {
  const length = headerValue(incoming.rawHeaders, 'content-length')
  return (length !== undefined && length !== '0') || headerValue(incoming.rawHeaders, 'transfer-encoding') !== undefined
}

/** Passes the whole body to `done`, or `undefined` once it is larger than allowed; never if the client hangs up. */
export function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
  done: (body: Uint8Array | undefined) => void,
): void {
  const chunks: Uint8Array[] = []
  let bytes = 0
  incoming.on('data', (chunk: Uint8Array) => {
    const wasTooLarge = bytes > maxBytes
    bytes += chunk.byteLength
    if (wasTooLarge) return
    if (bytes > maxBytes) {
      chunks.length = 0
      done(undefined)
    } else chunks.push(chunk)
  })
  incoming.on('end', () => {
    if (bytes <= maxBytes) done(Buffer.concat(chunks))
  })
}
