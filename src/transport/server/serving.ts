import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Attempt } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { GatewayResponse } from '../../core/response.ts'
import type { Clock } from '../../kit/clock.ts'
import type { LiveCall } from '../../kit/live-call.ts'
import { failureResponse } from './failure-response.ts'
import { ResponseWriter } from './response-writer.ts'
import type { RouteHandler } from './route-handler.ts'
import { isWorthReading, keepForLingering, lingerFor, readRest } from './unread-body.ts'
import { connectUpgraded, type WaitingUpgrade } from './upgrade.ts'

export interface ServingOptions {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly request: GatewayRequest
  readonly call: LiveCall
  readonly handler: RouteHandler
  readonly clock: Clock
  /** Set when the request asks for an upgrade. */
  readonly upgrade: WaitingUpgrade | undefined
  readonly isDraining: () => boolean
  /** No later request on this connection may be served. */
  readonly isLast: boolean
  readonly reportBug: (error: unknown, call: LiveCall) => void
  readonly onEnded: () => void
}

/** Smaller answers are not counted as held memory: a connection alone takes as much. */
const countedBytes = 16 * 1024

const clientGone = failure('CLIENT_GONE', 'The client hung up before it had its answer')

/**
 * Serves one call on its client connection: calls the route's service, writes the outcome, and ends exactly once, when
 * the answer is out or the connection has closed. A client that hangs up aborts the call.
 */
export class Serving {
  readonly #options: ServingOptions
  readonly #writer: ResponseWriter
  #status = 0
  #failure: Failure | undefined
  #upgraded = false
  /** The answer is the last on its connection, and the client may still be sending. */
  #lingers = false

  constructor(options: ServingOptions) {
    this.#options = options
    this.#writer = new ResponseWriter({
      response: options.response,
      clock: options.clock,
      idleTimeoutMs: options.call.route.idleTimeoutMs,
      onBroken: (reason) => this.#broken(reason),
    })
  }

  start(): void {
    const { call, request, handler, response } = this.#options
    call.emit({ type: 'call.started', request })
    response.on('close', () => this.#closed())
    handler
      .service(request, call)
      .then((outcome) => this.#answer(outcome))
      .catch((error: unknown) => this.#error(error))
  }

  #answer(outcome: Outcome): void {
    const { call, handler, request, response } = this.#options
    if (!outcome.ok) {
      if (response.destroyed) return
      this.#failure = outcome.failure
      const facts = {
        requestId: call.id,
        attempts: call.attempts,
        elapsedMs: call.elapsedMs(),
        requestHeaders: request.headers,
      }
      this.#write(failureResponse(outcome.failure, handler.failures, facts))
      return
    }
    const { attempt, upgraded } = outcome.response
    if (attempt !== undefined) attempt.won = true
    if (upgraded === undefined) this.#write(outcome.response)
    else this.#upgrade(outcome.response)
  }

  #write(answer: GatewayResponse): void {
    this.#status = answer.status
    const { body } = answer
    if (body instanceof Uint8Array && body.length > countedBytes) this.#options.call.holdAtLeast(body.length)
    this.#writer.start(answer, this.#headers(answer))
  }

  #headers(answer: GatewayResponse): string[] {
    const { call, handler, isDraining, isLast, message } = this.#options
    const headers = [...answer.headers, 'x-request-id', call.id]
    if (handler.explain && call.attempts.length > 0) headers.push('server-timing', serverTiming(call))
    // Once the answer is complete, nobody reads the rest of the request.
    const isUnread = !message.complete && isHeld(answer.body)
    if (isDraining() || isLast || (isUnread && !isWorthReading(message))) {
      headers.push('connection', 'close')
      this.#lingers = isUnread || isLast
      if (this.#lingers) keepForLingering(message)
    }
    return headers
  }

  #upgrade(answer: GatewayResponse): void {
    const { response, upgrade, call, request } = this.#options
    const client = response.socket
    if (answer.upgraded === undefined) return
    if (client === null || client.destroyed) {
      answer.upgraded.destroy()
      return
    }
    this.#status = answer.status
    this.#upgraded = true
    const headers = [...answer.headers, 'x-request-id', call.id]
    response.detachSocket(client)
    const ends = { client, target: answer.upgraded, head: upgrade?.take(), protocol: request.upgrade ?? '' }
    connectUpgraded({ ...ends, headers, scope: call.scope }, (bytes) => this.#ended(bytes))
  }

  /** The answer's body broke off: the client's connection will be closed, and the attempt has failed. */
  #broken(reason: Failure): void {
    this.#failure = reason
    const { call } = this.#options
    const attempt = call.attempts.find(({ won }) => won)
    if (attempt === undefined || reason.source !== 'upstream') return
    const was = attempt.outcome
    attempt.outcome = 'reset'
    attempt.detail = reason.detail
    // Subscribers that counted the attempt by its head must learn that the body broke off.
    if (was !== undefined) call.emit({ type: 'attempt.broken', attempt, was })
  }

  #error(error: unknown): void {
    const { call, response, reportBug } = this.#options
    reportBug(error, call)
    call.abort(failure('INTERNAL', 'The gateway has failed', { cause: error }))
    if (response.headersSent || this.#status !== 0) response.destroy()
    else
      this.#answer(
        failed(failure('INTERNAL', 'Internal error in the gateway; its log has the cause', { cause: error })),
      )
  }

  #closed(): void {
    if (this.#upgraded) return
    const { call, response, message, clock } = this.#options
    this.#writer.close()
    if (!response.writableFinished) {
      this.#failure ??= clientGone
      call.abort(clientGone)
    } else if (this.#lingers) lingerFor(message.socket, clock)
    else if (!message.complete) {
      if (isWorthReading(message)) readRest(message, clock)
      else lingerFor(message.socket, clock)
    }
    this.#ended(this.#writer.bytesSent)
  }

  #ended(bytesSent: number): void {
    const { call, request, onEnded } = this.#options
    call.release()
    call.emit({ type: 'call.ended', request, end: { status: this.#status, failure: this.#failure, bytesSent } })
    onEnded()
  }
}

/** `a1;dur=300;desc="cancelled", a2;dur=120;desc="won"`. */
function serverTiming(call: LiveCall): string {
  const elapsedMs = call.elapsedMs()
  // Attempts without an outcome are cancelled when the answer goes out; a broadcast goes on without its client.
  const unfinished = call.route.strategy === 'broadcast' ? 'open' : 'cancelled'
  const word = ({ won, outcome }: Attempt): string => (won ? 'won' : (outcome ?? unfinished))
  return call.attempts
    .map((attempt) => {
      const durationMs = Math.round((attempt.endedMs ?? elapsedMs) - attempt.startedMs)
      return `a${attempt.number};dur=${durationMs};desc="${word(attempt)}"`
    })
    .join(', ')
}
