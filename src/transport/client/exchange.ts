import type { AbortListener } from '../../core/abort.ts'
import type { Attempt } from '../../core/attempt.ts'
import type { BodySink, BodyStream, BodyWatcher, ResponseBody } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import type { Failure } from '../../core/failure.ts'
import { type HeaderPairs, noHeaders } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import { type GatewayRequest, isIdempotent } from '../../core/request.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import type { AnswerHead } from './answer-head.ts'
import type { Connection, ConnectionUser } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'
import { DiscardSink } from './discard-sink.ts'
import { type ConnectionEnd, failureOfAnswer, failureOfEnd } from './errors.ts'
import type { Piece } from './read-buffer.ts'
import { isSentWhole, sendRequest } from './send-request.ts'
import type { Upload } from './upload.ts'

/** Bytes of a body that are buffered before it has a reader; after that the socket is paused. */
const maxEarlyBytes = 64 * 1024
const maxDiscardMs = 1000

export interface ExchangeOptions {
  readonly pool: ConnectionPool
  readonly request: GatewayRequest
  /** Request line and header fields, as sent. */
  readonly head: string
  /** Length of a streamed body, if the client declares it. */
  readonly declaredLength: number | undefined
  readonly attempt: Attempt
  readonly call: Call
  readonly clock: Clock
  /** Called once, when the head has arrived or never will. */
  readonly settle: (outcome: Outcome) => void
}

/**
 * One HTTP exchange with one target. Its states only move forward:
 *
 *   waiting --head--> streaming --end--> ended
 *      |                  |
 *      +----- error, abort, discard ---> ended
 *
 * `ended` is final and frees the connection: back to its pool if the exchange was complete, closed in all other cases.
 * `settle` is called once, on leaving `waiting`; the sink's `end` or `fail` once, on leaving `streaming`. While it is
 * waiting, the exchange may move to a new connection, once.
 *
 * One object is the connection's user, the body and the abort listener: each further object shows in the profile.
 */
class Exchange implements ConnectionUser, AbortListener, BodyStream {
  readonly #options: ExchangeOptions
  #connection: Connection
  #state: 'waiting' | 'streaming' | 'ended' = 'waiting'
  /** A byte of the request may have been sent. */
  #sent = false
  #isRepeated = false
  #upload: Upload | undefined
  #sink: BodySink | undefined
  #watchers: BodyWatcher[] | undefined
  #early: Piece[] | undefined
  #earlyBytes = 0
  #isPaused = false
  #untold: AnswerHead | undefined
  #trailers: HeaderPairs = noHeaders
  #failure: Failure | undefined
  #timer: Timer | undefined
  #lastByteMs = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
    const { pool, request, call } = options
    call.scope.add(this)
    this.#connection = request.upgrade === undefined ? pool.take() : pool.connect(true)
    this.#connection.use(this)
  }

  // ConnectionUser: sends the request, receives the answer.

  onOpen(): void {
    // A request that may not be sent twice waits for this turn's remaining events: one may close the connection.
    if (!this.#connection.used || isIdempotent(this.#options.request.method)) this.#send()
    else setImmediate((connection) => this.#sendIfStillOn(connection), this.#connection)
  }

  #sendIfStillOn(connection: Connection): void {
    if (this.#state === 'waiting' && this.#connection === connection && !connection.isClosed) this.#send()
  }

  onDrain(): void {
    this.#upload?.resume()
  }

  onWhole(head: AnswerHead, bytes: Buffer, from: number, to: number): void {
    const { request } = this.#options
    const hasNone = request.method === 'HEAD' || head.status === 204 || head.status === 304
    this.#end(undefined)
    this.#answer(head, hasNone ? undefined : this.#connection.take(bytes, from, to).bytes)
  }

  onHead(head: AnswerHead): void {
    this.#state = 'streaming'
    const { clock, call } = this.#options
    const { idleTimeoutMs } = call.route
    if (idleTimeoutMs > 0) {
      this.#lastByteMs = clock.now()
      this.#timer = clock.after(idleTimeoutMs, () => this.#watchSilence(idleTimeoutMs))
    }
    this.#untold = head
  }

  /** Reports the head only now: if the rest of the piece is malformed, the outcome is a failure, not an answer. */
  onRead(): void {
    const head = this.#untold
    if (head === undefined) return
    this.#untold = undefined
    this.#answer(head, this)
  }

  onBody(bytes: Buffer, from: number, to: number): void {
    if (this.#timer !== undefined) this.#lastByteMs = this.#options.clock.now()
    const piece = this.#connection.take(bytes, from, to)
    if (this.#sink !== undefined) {
      if (!this.#sink.write(piece.bytes, piece.spent)) this.#pause()
      return
    }
    if (this.#early === undefined) this.#early = [piece]
    else this.#early.push(piece)
    this.#earlyBytes += piece.bytes.length
    if (this.#earlyBytes >= maxEarlyBytes) this.#pause()
  }

  onEnd(trailers: HeaderPairs): void {
    this.#trailers = trailers
    this.#end(undefined)
  }

  onWholeRead(): void {
    const { pool, request } = this.#options
    // A full sink may have paused the socket at the last piece; the next exchange must be able to read it.
    if (this.#isPaused) this.#connection.socket.resume()
    // If the answer came before the whole request was sent, the rest would be read as the next request.
    if (isSentWhole(request, this.#upload)) pool.giveBack(this.#connection)
    else this.#connection.close()
    this.#upload?.stop()
    this.onRead()
    this.#sink?.end(this.#trailers)
  }

  onUpgrade(head: AnswerHead): void {
    this.#end(undefined)
    const { attempt, settle } = this.#options
    const { status, headers } = head
    const upgraded = this.#connection.release()
    settle(succeeded({ status, headers, body: undefined, attempt, upgraded }))
  }

  onInvalid(error: string): void {
    this.#failOrRepeat(failureOfAnswer(error, this.#options.attempt.target.name))
  }

  onLost(end: ConnectionEnd | Error): void {
    this.#failOrRepeat(
      failureOfEnd(this.#state === 'streaming' && end === 'CLOSED' ? 'CLOSED_TOO_SOON' : end, this.#wire()),
    )
  }

  // AbortListener: the client has gone, time is up, or another attempt has won.

  onAbort(reason: Failure): void {
    if (this.#state !== 'ended') this.#fail(reason)
  }

  // BodyStream: the owner of the response reads the body or discards it.

  pipe(sink: BodySink): void {
    this.#sink = sink
    let wantsMore = true
    for (const { bytes, spent } of this.#early ?? []) wantsMore = sink.write(bytes, spent)
    this.#early = undefined
    if (this.#failure !== undefined) sink.fail(this.#failure)
    else if (this.#state === 'ended') sink.end(this.#trailers)
    else if (wantsMore) this.resume()
    else this.#pause()
  }

  resume(): void {
    if (this.#state !== 'streaming' || !this.#isPaused) return
    this.#isPaused = false
    this.#lastByteMs = this.#options.clock.now()
    this.#connection.socket.resume()
  }

  discard(): void {
    if (this.#state !== 'streaming') return
    // The reader stopped midway.
    if (this.#sink !== undefined) {
      this.#close()
      return
    }
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(maxDiscardMs, () => this.#close())
    this.pipe(new DiscardSink(() => this.#close()))
  }

  watch(watcher: BodyWatcher): void {
    if (this.#state === 'ended') watcher.onBodyOver(this.#failure)
    else (this.#watchers ??= []).push(watcher)
  }

  #pause(): void {
    if (this.#state !== 'streaming' || this.#isPaused) return
    this.#isPaused = true
    this.#connection.socket.pause()
  }

  #send(): void {
    this.#sent = true
    const { request, head, declaredLength } = this.#options
    const { body, method, upgrade } = request
    const { socket, reader } = this.#connection
    reader.expect(this, method, upgrade !== undefined)
    const onFailed = (reason: Failure): void => {
      if (this.#state !== 'ended') this.#fail(reason)
    }
    this.#upload = sendRequest({ socket, head, body, declaredLength, onFailed })
  }

  #answer({ status, headers }: AnswerHead, body: ResponseBody): void {
    const { attempt, settle } = this.#options
    settle(succeeded({ status, headers, body, attempt, upgraded: undefined }))
  }

  /** Fails after too long a silence; time paused by the gateway itself does not count. */
  #watchSilence(idleTimeoutMs: number): void {
    const { clock } = this.#options
    const leftMs = this.#isPaused ? idleTimeoutMs : this.#lastByteMs + idleTimeoutMs - clock.now()
    if (leftMs <= 0) this.#fail(failureOfEnd('SILENT', this.#wire()))
    else this.#timer = clock.after(leftMs, () => this.#watchSilence(idleTimeoutMs))
  }

  #wire() {
    return {
      sent: this.#sent,
      answered: this.#state === 'streaming',
      targetName: this.#options.attempt.target.name,
    }
  }

  /**
   * A kept connection that the target closes just as it is reused says nothing about the target: as in nginx and Go's
   * net/http, an idempotent request is sent once more, on a new connection. So is any request that was never sent.
   */
  #failOrRepeat(reason: Failure): void {
    if (this.#state === 'ended') return
    const { code } = reason
    const isStale =
      code === 'UPSTREAM_REFUSED' || (code === 'UPSTREAM_RESET' && isIdempotent(this.#options.request.method))
    const isUnread = this.#upload === undefined || !this.#upload.isStarted
    if (
      this.#state !== 'waiting' ||
      this.#isRepeated ||
      !this.#connection.used ||
      !isStale ||
      !isUnread ||
      this.#options.pool.isDestroyed
    ) {
      this.#fail(reason)
      return
    }
    this.#upload?.stop()
    this.#upload = undefined
    this.#isRepeated = true
    this.#sent = false
    const { pool, request } = this.#options
    this.#connection = pool.connect(request.upgrade !== undefined)
    this.#connection.use(this)
  }

  #close(): void {
    if (this.#state === 'ended') return
    this.#end(undefined)
    this.#upload?.stop()
    this.#connection.close()
  }

  #fail(reason: Failure): void {
    const before = this.#state
    this.#end(reason)
    this.#upload?.stop()
    this.#connection.close()
    if (before === 'waiting' || this.#untold !== undefined) this.#options.settle(failed(reason))
    else this.#sink?.fail(reason)
  }

  #end(reason: Failure | undefined): void {
    this.#state = 'ended'
    this.#failure = reason
    this.#timer?.cancel()
    this.#options.call.scope.remove(this)
    if (this.#watchers !== undefined) for (const watcher of this.#watchers) watcher.onBodyOver(reason)
  }
}

export function startExchange(options: ExchangeOptions): Exchange {
  return new Exchange(options)
}
