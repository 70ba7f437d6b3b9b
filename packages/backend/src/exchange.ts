import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Answer, compileAnswer, withLength } from './answer.ts'
import { type CallbackOrder, readCallbackOrder } from './callback-order.ts'
import type { CallbackPoster } from './callback-poster.ts'
import type { Clock, Timer } from './clock.ts'
import type { Connections, Held } from './connections.ts'
import type { CallbackPlan, Plan } from './endpoint.ts'
import type { HeaderPairs } from './headers.ts'
import type { RecentLatencies } from './load-report.ts'
import { hasBody, noBody, readBody } from './request-body.ts'
import type { Ending, RequestCounter } from './stats.ts'
import type { Placeholder } from './template.ts'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  /** As sent, without the `?`. */
  readonly query: string
  readonly headers: HeaderPairs
  readonly body: Uint8Array
}

/** Shared by all exchanges of a backend. */
export interface ExchangeContext {
  readonly name: string
  readonly clock: Clock
  readonly counter: RequestCounter
  readonly latencies: RecentLatencies
  readonly connections: Connections
  readonly callbacks: CallbackPoster
  readonly maxBodyBytes: number
  readonly onRequest: ((request: ReceivedRequest) => void) | undefined
  /** The current ISO time with microseconds and no zone. */
  readonly timestamp: () => string
}

export interface ExchangeOptions {
  readonly head: Omit<ReceivedRequest, 'body'>
  readonly number: number
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly plan: Plan
  readonly callback: CallbackPlan | undefined
}

/** Long enough for the client to read the bytes before a reset, which may discard its receive buffer. */
const pauseBeforeResetMs = 5

/**
 * One request, from its head to the end of its answer. It reads the request, waits for the planned latency, then does
 * as planned: answers (at once or in pieces), resets, or does nothing more. In any state it ends when its connection
 * does, and leaves no timer behind.
 */
export class Exchange implements Held {
  readonly #context: ExchangeContext
  readonly #options: ExchangeOptions
  readonly #socket: Socket
  #plan: Plan
  #order: CallbackOrder | undefined
  #timer: Timer | undefined
  #isOver = false
  #wholeAtMs = 0

  constructor(context: ExchangeContext, options: ExchangeOptions) {
    this.#context = context
    this.#options = options
    this.#plan = options.plan
    this.#socket = options.incoming.socket
  }

  start(): void {
    const { incoming } = this.#options
    this.#context.connections.hold(this.#socket, this)
    if (hasBody(incoming)) readBody(incoming, this.#context.maxBodyBytes, (body) => this.#received(body))
    else this.#received(noBody)
  }

  connectionEnded(as: Ending): void {
    this.#timer?.cancel()
    if (this.#isOver) return
    this.#isOver = true
    this.#context.counter.ended(as, this.#plan.answer.status)
  }

  #received(body: Uint8Array | undefined): void {
    if (this.#isOver) return
    if (body === undefined) return this.#refuse(413, 'Body too large', { connection: 'close' })
    const { head, callback } = this.#options
    this.#context.onRequest?.({ ...head, body })
    if (callback !== undefined) {
      const order = readCallbackOrder(head.query, head.headers, callback.defaultUrl)
      if (typeof order === 'string') return this.#refuse(400, order)
      this.#order = order
    }
    this.#wholeAtMs = this.#context.clock.now()
    if (this.#plan.fate === 'hangAfterAccept') return
    if (this.#plan.latencyMs > 0) this.#after(this.#plan.latencyMs, () => this.#due())
    else this.#due()
  }

  #refuse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
    const answer = compileAnswer({ status, body: { text }, headers, name: this.#context.name })
    this.#plan = { ...this.#plan, answer, slow: undefined }
    this.#send(answer)
  }

  #due(): void {
    this.#acceptWork()
    const { answer, fate } = this.#plan
    if (fate === 'resetBeforeHead') return this.#reset()
    if (fate === 'hangAfterHead') return this.#sendPart(answer, 0)
    if (fate === 'resetMidBody') {
      this.#sendPart(answer, 0.5)
      return this.#after(pauseBeforeResetMs, () => this.#reset())
    }
    this.#send(answer)
  }

  /** A backend that loses its connection has still accepted the work, so its result is posted in any case. */
  #acceptWork(): void {
    const { callback } = this.#options
    const { status } = this.#plan.answer
    if (callback === undefined || this.#order === undefined || status > 299) return
    this.#context.callbacks.add({
      order: this.#order,
      repeatEveryMs: callback.repeatEveryMs,
      contentType: callback.contentType,
      makeBody: () => callback.body.render(this.#valueOf),
    })
  }

  #send(answer: Answer): void {
    const { response } = this.#options
    const body = this.#writeHead(answer)
    response.once('finish', () => this.#end())
    const { slow } = this.#plan
    if (slow === undefined) response.end(body)
    else this.#sendPieces(Buffer.from(body), slow)
  }

  #sendPart(answer: Answer, share: number): void {
    const { response } = this.#options
    const body = Buffer.from(this.#writeHead(answer))
    response.flushHeaders()
    const part = body.subarray(0, Math.floor(body.byteLength * share))
    if (part.byteLength > 0) response.write(part)
  }

  #sendPieces(body: Buffer, slow: { readonly spreadMs: number; readonly chunks: number }): void {
    const { response } = this.#options
    const count = Math.min(slow.chunks, body.byteLength)
    if (count < 2) {
      response.end(body)
      return
    }
    const stepMs = slow.spreadMs / (count - 1)
    const edge = (i: number): number => Math.floor((i * body.byteLength) / count)
    const sendFrom = (i: number): void => {
      const piece = body.subarray(edge(i), edge(i + 1))
      if (i === count - 1) response.end(piece)
      else {
        response.write(piece)
        this.#after(stepMs, () => sendFrom(i + 1))
      }
    }
    sendFrom(0)
  }

  /** Returns the body that must follow the head. */
  #writeHead(answer: Answer): string {
    const constant = answer.body.constant
    const body = constant ?? answer.body.render(this.#valueOf)
    const headers = constant === undefined ? withLength(answer.headers, body) : answer.headers
    this.#options.response.writeHead(answer.status, headers as string[])
    return body
  }

  readonly #valueOf = (placeholder: Placeholder): string => {
    const { head, number } = this.#options
    switch (placeholder) {
      case 'latencyMs':
        return String(Math.round(this.#context.clock.now() - this.#wholeAtMs))
      case 'requestNumber':
        return String(number)
      case 'name':
        return this.#context.name
      case 'method':
      case 'path':
      case 'query':
        return head[placeholder]
      case 'reason':
        return STATUS_CODES[this.#plan.answer.status] ?? ''
      case 'uuid':
        return this.#plan.uuid
      case 'timestamp':
        return this.#context.timestamp()
    }
  }

  #after(delayMs: number, action: () => void): void {
    this.#timer = this.#context.clock.after(delayMs, action)
  }

  #reset(): void {
    this.#context.connections.reset(this.#socket)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#context.connections.release(this.#socket, this)
    this.#context.counter.ended('answered', this.#plan.answer.status)
    this.#context.latencies.add(this.#context.clock.now() - this.#wholeAtMs)
  }
}
