import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Limit on the requests that wait on one connection. Node has parsed them already: a small one takes 2 KiB. */
const maxWaiting = 500

interface Waiting {
  readonly message: IncomingMessage
  readonly serve: () => void
}

interface Line {
  readonly waiting: Waiting[]
  /** Ends the connection once all waiting requests are answered. Once set, no further request joins the line. */
  end: (() => void) | undefined
}

/**
 * Serves the requests of each connection one at a time, in order. Node emits a request as soon as its head is parsed,
 * even if the previous one is unanswered. Served at once, a read would overtake the write before it, one client could
 * have a thousand calls in flight, and a request would be executed although the answer before it says
 * `Connection: close` and its own answer is never sent (RFC 9112, 9.3.2 and 9.6).
 *
 * Only pipelined requests wait here. All others cost `isTurn` and one look-up, 10 ns together.
 */
export class Pipelines {
  readonly #lines = new WeakMap<Duplex, Line>()
  readonly #close: (socket: Duplex) => void

  constructor(close: (socket: Duplex) => void) {
    this.#close = close
  }

  /** Whether a request may be served at once: all answers before it are finished, and none of them was the last. */
  isTurn({ socket }: IncomingMessage, response: ServerResponse): boolean {
    return response.socket !== null && socket.writable
  }

  /** Calls `serve` when all earlier answers are out, or never if one of them was the last on its connection. */
  wait(message: IncomingMessage, serve: () => void): void {
    const { socket } = message
    if (!socket.writable) {
      drop(message)
      return
    }
    const line = this.#lineOf(socket)
    if (line.waiting.length >= maxWaiting) line.end ??= () => this.#close(socket)
    if (line.end === undefined) line.waiting.push({ message, serve })
    else drop(message)
  }

  /** Calls `end` when every answer is out; an incomplete request at the end of the line is the malformed one. */
  endWith(socket: Duplex, end: () => void): void {
    const line = this.#lineOf(socket)
    if (line.end !== undefined) return
    line.end = end
    if (line.waiting.at(-1)?.message.complete === false) line.waiting.pop()
  }

  /** An answer is out, or its connection has closed. */
  answered(socket: Duplex): void {
    const line = this.#lines.get(socket)
    if (line === undefined) return
    const next = socket.writable ? line.waiting.shift() : undefined
    if (next !== undefined) {
      next.serve()
      return
    }
    this.#lines.delete(socket)
    if (socket.writable) line.end?.()
    else for (const { message } of line.waiting) drop(message)
  }

  #lineOf(socket: Duplex): Line {
    const line = this.#lines.get(socket) ?? { waiting: [], end: undefined }
    this.#lines.set(socket, line)
    return line
  }
}

/** Reads and discards its bytes, or the client could not go on sending while its last answer is on the way. */
function drop(message: IncomingMessage): void {
  message.resume()
}
