import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'

/** Most bytes of an unwanted body that are read to keep its connection; the same limit as for answers. */
const maxReadBytes = 64 * 1024
/** How long a client may go on sending bytes that are discarded. */
const maxLingerMs = 1000

/**
 * Whether to read the rest of an unwanted body to keep its connection: only if it declares a small length and no
 * `Expect`. A client that waits for `100 Continue` may omit its body after a refusal, and the next bytes are ambiguous.
 */
export function isWorthReading({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers.expect === undefined && length !== undefined && Number(length) <= maxReadBytes
}

/** After the answer: reads and discards the rest of the body. If it arrives in time, the next request is served. */
export function readRest(message: IncomingMessage, clock: Clock): void {
  const { socket } = message
  const timer = clock.after(maxLingerMs, () => socket.destroy())
  const done = (): void => {
    timer.cancel()
    message.off('end', done)
    socket.off('close', done)
  }
  message.on('end', done)
  socket.on('close', done)
  message.resume()
}

/** Call before an answer with `Connection: close`: Node would destroy the socket right after it. See `lingerFor`. */
export function keepForLingering({ socket }: IncomingMessage): void {
  socket.destroySoon = () => {}
}

/**
 * The client has its answer and may still be sending. Closes our side at once, and reads and discards the client's
 * bytes for a moment: closing both sides at once could lose the answer to a reset (RFC 9112, 9.6).
 */
export function lingerFor(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return
  socket.end()
  const timer = clock.after(maxLingerMs, () => socket.destroy())
  socket.once('close', () => timer.cancel())
}
