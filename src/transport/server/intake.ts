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
  readonly serve: (message: IncomingMessage, response: ServerResponse) => void
  /** Whether a route serves this request for a WebSocket. */
  readonly upgrades: (message: IncomingMessage) => boolean
}

/** Takes requests as Node's parser emits them, decides which are served, and serves each in its turn. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #pipelines: Pipelines
  /** Nothing is served behind these. */
  readonly #last = new WeakSet<IncomingMessage>()
  /** Connections whose client seems to be too slow. */
  readonly #timingOut = new Set<Duplex>()

  constructor(server: Server, options: IntakeOptions) {
    this.#options = options
    this.#pipelines = new Pipelines((socket) => lingerFor(socket, options.clock))
    server.on('request', (message, response) => this.#arrived(message, response, false))
    server.on('checkContinue', (message, response) => this.#arrived(message, response, true))
    server.on('checkExpectation', (message, response) => this.#refuseExpectation(message, response))
    server.on('clientError', (error: WireError, socket) => {
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#timedOut(error, socket)
      else this.#refuseNext(error, socket)
    })
  }

  /** Whether a request that asks for an upgrade may have it. If not, it is served as if it had not asked, as the last. */
  upgrades(message: IncomingMessage): boolean {
    const { socket } = message
    const isAlone = socket.writable && answeringOn(socket) === undefined
    if (isAlone && asksForWebSocket(message) && this.#options.upgrades(message)) return true
    // Node's parser has stopped behind this message and loses the rest of what was read with it: what comes next may be
    // the middle of another message, and would be taken for a request.
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

  /** The answer to this request is out, or its connection has closed. */
  answered({ socket }: IncomingMessage): void {
    this.#pipelines.answered(socket)
  }

  #arrived(message: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    if (this.#timingOut.size > 0) this.#timingOut.delete(message.socket)
    if (this.#pipelines.isTurn(message, response)) this.#serve(message, response, awaitsContinue)
    else this.#pipelines.wait(message, () => this.#serve(message, response, awaitsContinue))
  }

  #serve(message: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    if (awaitsContinue) continueOnceRead(message, response)
    this.#options.serve(message, response)
  }

  /** The client may send its body or not after this, so nothing can follow. */
  #refuseExpectation(message: IncomingMessage, response: ServerResponse): void {
    const refuse = (): void => void response.writeHead(417, ['connection', 'close', 'content-length', '0']).end()
    if (this.#pipelines.isTurn(message, response)) refuse()
    else this.#pipelines.wait(message, refuse)
  }

  /**
   * Node looks for slow clients before it reads its sockets, so after a pause of the gateway's own the request of a client
   * that was in time may still lie there: the sockets are read once more.
   */
  #timedOut(error: WireError, socket: Duplex): void {
    const answering = answeringOn(socket)
    this.#timingOut.add(socket)
    this.#options.clock.after(0, () => {
      // False where a request has arrived meanwhile.
      if (this.#timingOut.delete(socket) && answering?.req.complete !== true) this.#refuseNext(error, socket)
    })
  }

  /** What is no request, or will not become whole. A whole request before it keeps its answer. */
  #refuseNext(error: WireError, socket: Duplex): void {
    const answering = answeringOn(socket)
    if (hasHungUp(error)) socket.destroy()
    // Its last answer is out already.
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

/** The client holds its body back until it hears that it is wanted (RFC 9110, 10.1.1): when somebody begins to read it. */
function continueOnceRead(message: IncomingMessage, response: ServerResponse): void {
  message.once('resume', () => {
    if (!response.headersSent) response.writeContinue()
  })
}
