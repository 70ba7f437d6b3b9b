import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { AbortListener, AbortScope } from '../../core/abort.ts'
import type { Attempt } from '../../core/attempt.ts'
import type { BodySink, BodyStream } from '../../core/body.ts'
import type { Failure } from '../../core/failure.ts'
import { noHeaders } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import type { Connection, ConnectionPool } from './connection-pool.ts'
import { failureOfError } from './errors.ts'
import { headerPairs } from './header-pairs.ts'

/** What arrives before anybody takes the body is kept up to here; then the target has to wait. */
const maxEarlyBytes = 64 * 1024
/** Up to here the rest of an unwanted body is read, so that its connection can be kept; beyond, it is closed. */
const maxDiscardedBytes = 64 * 1024
const maxDiscardMs = 1000

export interface ExchangeOptions {
  readonly pool: ConnectionPool
  readonly connection: Connection
  readonly attempt: Attempt
  readonly scope: AbortScope
  readonly clock: Clock
  /** Told once, when the head has come or never will. */
  readonly settle: (outcome: Outcome) => void
}

/**
 * One HTTP exchange with one target. It goes one way only:
 *
 *   waiting --head--> streaming --end--> ended
 *      |                  |
 *      +----- error, abort, discard ---> ended
 *
 * `ended` is final and frees the connection: back to its pool if the exchange was whole, closed in all other cases.
 * The outcome is told once, on leaving `waiting`; the sink's `end` or `fail` once, on leaving `streaming`.
 *
 * It is undici's handler, the body and the abort listener in one object, as each further one shows in the profile.
 */
export class Exchange implements Dispatcher.DispatchHandler, AbortListener, BodyStream {
  readonly #options: ExchangeOptions
  #state: 'waiting' | 'streaming' | 'ended' = 'waiting'
  /** There from when the request goes out: before, no byte of it has left. */
  #controller: Dispatcher.DispatchController | undefined
  #sink: BodySink | undefined
  #early: Uint8Array[] = []
  #earlyBytes = 0
  #trailers: readonly string[] = noHeaders
  #failure: Failure | undefined
  #discardTimer: Timer | undefined

  constructor(options: ExchangeOptions) {
    this.#options = options
    options.scope.add(this)
  }

  // undici: the request's way out, the response's way in.

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // Informational (103 and the like) are not passed on; the final head follows.
    if (status < 200 || this.#state !== 'waiting') return
    this.#state = 'streaming'
    const headers = headerPairs(controller.rawHeaders)
    const attempt = this.#options.attempt
    this.#options.settle(succeeded({ status, headers, body: this, attempt, upgraded: undefined }))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#sink !== undefined) {
      if (!this.#sink.write(chunk)) controller.pause()
      return
    }
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
    if (this.#earlyBytes >= maxEarlyBytes) controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#state !== 'streaming') return
    this.#trailers = headerPairs(controller.rawTrailers)
    this.#end(undefined)
    this.#options.pool.giveBack(this.#options.connection)
    this.#sink?.end(this.#trailers)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    if (this.#state === 'ended') return
    const { target } = this.#options.attempt
    const wire = {
      sent: this.#controller !== undefined,
      answered: this.#state === 'streaming',
      targetName: target.name,
    }
    this.#fail(failureOfError(error, wire))
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    const { pool, connection, attempt, settle } = this.#options
    pool.release(connection)
    if (this.#state !== 'waiting') {
      socket.destroy()
      return
    }
    this.#end(undefined)
    const headers = headerPairs(controller.rawHeaders)
    settle(succeeded({ status, headers, body: undefined, attempt, upgraded: socket }))
  }

  // AbortListener: the client has gone, time is up, or another attempt has won.

  onAbort(reason: Failure): void {
    if (this.#state !== 'ended') this.#fail(reason)
  }

  // BodyStream: whoever has the response takes the body, or says that nobody will.

  pipe(sink: BodySink): void {
    this.#sink = sink
    let wantsMore = true
    for (const chunk of this.#early) wantsMore = sink.write(chunk)
    const stopped = this.#earlyBytes >= maxEarlyBytes
    this.#early = []
    if (this.#failure !== undefined) sink.fail(this.#failure)
    else if (this.#state === 'ended') sink.end(this.#trailers)
    else if (stopped && wantsMore) this.resume()
  }

  resume(): void {
    if (this.#state === 'streaming') this.#controller?.resume()
  }

  discard(): void {
    if (this.#state !== 'streaming') return
    // Whoever was reading it has had enough.
    if (this.#sink !== undefined) {
      this.#close()
      return
    }
    const waste = new Waste(() => this.#close())
    this.#discardTimer = this.#options.clock.after(maxDiscardMs, () => this.#close())
    this.pipe(waste)
  }

  #close(): void {
    if (this.#state === 'ended') return
    this.#end(undefined)
    this.#options.pool.destroy(this.#options.connection)
  }

  #fail(failure: Failure): void {
    const before = this.#state
    this.#end(failure)
    this.#options.pool.destroy(this.#options.connection)
    if (before === 'waiting') this.#options.settle(failed(failure))
    else this.#sink?.fail(failure)
  }

  #end(reason: Failure | undefined): void {
    this.#state = 'ended'
    this.#failure = reason
    this.#discardTimer?.cancel()
    this.#options.scope.remove(this)
  }
}

/** Reads a little and then gives up. */
class Waste implements BodySink {
  readonly #giveUp: () => void
  #bytes = 0

  constructor(giveUp: () => void) {
    this.#giveUp = giveUp
  }

  write(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > maxDiscardedBytes) this.#giveUp()
    return true
  }
  end(): void {}
  fail(): void {}
}
