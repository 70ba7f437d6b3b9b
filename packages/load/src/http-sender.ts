/**
 * Sends over `node:http`. Autocannon's client would be cheaper, but its counts are wrong where they matter: it does not
 * report a connection that ends without an answer as an error, it writes one request too many per answer with
 * `connection: close` (1000 sent, 500 answered, 0 errors), it sends a rate in bursts at the start of each second, and
 * its correction for coordinated omission adds an answer for every millisecond, whatever the rate.
 */
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, Agent as SecureAgent } from 'node:https'
import type { Clock, Timer } from './clock.ts'
import { errorKindOf } from './error-kind.ts'
import type { LoadRequest } from './requests.ts'
import type { Ending, Exchange, Sender } from './sender.ts'
import type { Target } from './target.ts'

export interface HttpSenderOptions {
  readonly target: Target
  readonly method: string
  readonly timeoutMs: number
  /** Do not check the target's certificate. */
  readonly isInsecure: boolean
  readonly clock: Clock
}

export class HttpSender implements Sender {
  readonly #options: HttpSenderOptions
  readonly #agent: Agent
  readonly #request: typeof httpRequest

  constructor(options: HttpSenderOptions) {
    this.#options = options
    const { isSecure } = options.target
    // The last used first, so that surplus connections stay idle and are closed.
    const pool = { keepAlive: true, maxFreeSockets: 65_536, scheduling: 'lifo' } as const
    this.#agent = isSecure ? new SecureAgent({ ...pool, rejectUnauthorized: !options.isInsecure }) : new Agent(pool)
    this.#request = isSecure ? httpsRequest : httpRequest
  }

  send(request: LoadRequest, onEnd: (ending: Ending) => void): Exchange {
    const { target, method, timeoutMs, clock } = this.#options
    const sent = this.#request({
      agent: this.#agent,
      host: target.host,
      port: target.port,
      method,
      path: request.path,
      headers: request.headers,
      setHost: false,
    })
    const exchange = new HttpExchange(sent, onEnd)
    exchange.timer = clock.after(timeoutMs, () => exchange.end({ kind: 'timed out' }))
    sent.end(request.body)
    return exchange
  }

  /** An answer ends shortly before its connection is free: without a limit the next request would open another one. */
  setLimit(connections: number): void {
    this.#agent.maxSockets = connections
  }

  close(): void {
    this.#agent.destroy()
  }
}

class HttpExchange implements Exchange {
  timer: Timer | undefined
  readonly #sent: ClientRequest
  readonly #onEnd: (ending: Ending) => void
  #hasEnded = false
  #hasAnswer = false

  constructor(sent: ClientRequest, onEnd: (ending: Ending) => void) {
    this.#sent = sent
    this.#onEnd = onEnd
    sent.on('response', (answer: IncomingMessage) => this.#answered(answer))
    // Also handles errors after the end, which would be uncaught otherwise.
    sent.on('error', (error) => this.#failed(error))
    // Once an answer has begun, its own end decides: without a length it ends with the connection, which closes first.
    sent.on('close', () => {
      if (!this.#hasAnswer) this.#failed(new Error('the connection was closed'))
    })
  }

  abandon(): void {
    this.end({ kind: 'abandoned' })
  }

  end(ending: Ending): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.timer?.cancel()
    if (ending.kind !== 'answered') this.#sent.destroy()
    this.#onEnd(ending)
  }

  #answered(answer: IncomingMessage): void {
    this.#hasAnswer = true
    const status = answer.statusCode ?? 0
    const cutOff = (): void =>
      this.end({ kind: 'error', error: 'cut off within the answer', message: `${status}, then the connection ended` })
    answer.on('end', () => (answer.complete ? this.end({ kind: 'answered', status }) : cutOff()))
    answer.on('error', cutOff)
    answer.on('close', cutOff)
    answer.resume()
  }

  #failed(error: Error): void {
    if (this.#hasEnded) return
    this.end({ kind: 'error', error: errorKindOf(error, this.#sent.reusedSocket), message: error.message })
  }
}
