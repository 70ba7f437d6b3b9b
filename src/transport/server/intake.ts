import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import { hasHungUp, refuseMalformed, type WireError } from './client-errors.ts'
import type { ConnectionCounts } from './connection-counts.ts'
import { answeringOn } from './http-server.ts'
import { Pipelines } from './pipelines.ts'
import { lingerFor } from './unread-body.ts'
import { asksForWebSocket } from './upgrade.ts'

export interface IntakeOptions {
  readonly clock: Clock
  readonly newId: () => string
  readonly counts: ConnectionCounts
  /** Serves a request that had to wait for its turn. */
  readonly serve: (message: IncomingMessage, response: ServerResponse) => void
  /** Whether a route serves this request for a WebSocket. */
  readonly upgrades: (message: IncomingMessage) => boolean
}

/** Takes requests as Node's parser emits them, and decides which are served, and when. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #pipelines: Pipelines
  /** Requests that are the last on their connections: none after them is served. */
  readonly #last = new WeakSet<IncomingMessage>()
  /** Connections whose client seems to be too slow. */
  readonly #timingOut = new Set<Duplex>()

  constructor(server: Server, options: IntakeOptions) {
    this.#options = options
    this.#pipelines = new Pipelines((socket) => lingerFor(socket, options.clock))
    server.on('checkExpectation', (message, response) => this.#refuseExpectation(message, response))
    server.on('clientError', (error: WireError, socket) => {
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#timedOut(error, socket)
      else this.#refuseNext(error, socket)
    })
  }

  /** Whether to grant a requested upgrade. If not, the request is served without one, as the last on its connection. */
  upgrades(message: IncomingMessage): boolean {
    const { socket } = message
    const isAlone = socket.writable && answeringOn(socket) === undefined
    if (isAlone && asksForWebSocket(message) && this.#options.upgrades(message)) return true
    // Node's parser stops after this message and loses the rest of the bytes read with it: the next bytes may be the
    // middle of another message, and would be taken for a request.
    this.endWith(message)
    return false
  }

  /** Makes this request the last on its connection. */
  endWith(message: IncomingMessage): void {
    this.#last.add(message)
  }

  isLast(message: IncomingMessage): boolean {
    return this.#last.has(message)
  }

  /** Whether to serve the request now. If not, `serve` is called in its turn. */
  admits(message: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): boolean {
    if (this.#timingOut.size > 0) this.#timingOut.delete(message.socket)
    if (this.#pipelines.isTurn(message, response)) {
      if (awaitsContinue) continueOnceRead(message, response)
      return true
    }
    this.#pipelines.wait(message, () => {
      if (awaitsContinue) continueOnceRead(message, response)
      this.#options.serve(message, response)
    })
    return false
  }

  /** The answer to this request is out, or its connection has closed. */
  answered({ socket }: IncomingMessage): void {
    this.#pipelines.answered(socket)
  }

  /** After this the client may or may not send its body, so no request can follow. */
  #refuseExpectation(message: IncomingMessage, response: ServerResponse): void {
    const refuse = (): void => void response.writeHead(417, ['connection', 'close', 'content-length', '0']).end()
    if (this.#pipelines.isTurn(message, response)) refuse()
    else this.#pipelines.wait(message, refuse)
  }

  /**
   * Node checks for slow clients before it reads its sockets. After a pause of the gateway itself, a request that came
   * in time may still be unread, so let Node read the sockets once more.
   */
  #timedOut(error: WireError, socket: Duplex): void {
    const answering = answeringOn(socket)
    this.#timingOut.add(socket)
    this.#options.clock.after(0, () => {
      // `delete` returns false if a request has arrived meanwhile.
      if (this.#timingOut.delete(socket) && answering?.req.complete !== true) this.#refuseNext(error, socket)
    })
  }

  /** Refuses a malformed or incomplete request. A complete request before it still gets its answer. */
  #refuseNext(error: WireError, socket: Duplex): void {
    const answering = answeringOn(socket)
    if (hasHungUp(error)) socket.destroy()
    // The last answer on this connection is out already.
    else if (!socket.writable) return
    else if (answering === undefined) this.#refuse(error, socket)
    else if (answering.req.complete || this.isLast(answering.req)) {
      this.#pipelines.endWith(socket, () => this.#refuse(error, socket))
    } else socket.destroy()
  }

  #refuse(error: WireError, socket: Duplex): void {
    const { clock, counts, newId } = this.#options
    counts.answeredMalformed(refuseMalformed(error, socket, newId()))
    lingerFor(socket, clock)
  }
}

/** Sends `100 Continue` once the body is read; until then the client holds it back (RFC 9110, 10.1.1). */
function continueOnceRead(message: IncomingMessage, response: ServerResponse): void {
  message.once('resume', () => {
    if (!response.headersSent) response.writeContinue()
  })
}
