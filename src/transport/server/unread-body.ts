import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'

/** What is left of a body is read up to here, so that its connection can be kept; as much as of an answer's. */
const maxReadBytes = 64 * 1024
/** How long a client may go on sending what nobody reads. */
const maxLingerMs = 1000

/**
 * Whether the rest of a body that nobody wants is read, to keep the connection: it says that it is small, and does not
 * wait to be asked for. Who waits (`Expect`) may leave it out after a refusal, and then nobody could tell what comes next.
 */
export function isWorthReading({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers.expect === undefined && length !== undefined && Number(length) <= maxReadBytes
}

/** The client has its answer, and what it still sends is read and thrown away: if it comes soon, its next request is served. */
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

/** Before an answer that says that it is the last: Node would destroy the socket as soon as it is out. See `lingerFor`. */
export function keepForLingering({ socket }: IncomingMessage): void {
  socket.destroySoon = () => {}
}

/**
 * The client has its answer and may still be sending. Our side is closed at once; what still comes is read for a moment
 * and thrown away, as to close both sides could have the answer lost to a reset (RFC 9112, 9.6).
 */
export function lingerFor(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return
  socket.end()
  const timer = clock.after(maxLingerMs, () => socket.destroy())
  socket.once('close', () => timer.cancel())
}
