import type { AbortListener } from '../../src/core/abort.ts'
import type { BodySink, BodyStream, BodyWatcher } from '../../src/core/body.ts'
import type { Call } from '../../src/core/call.ts'
import { type Failure, type FailureCode, failure } from '../../src/core/failure.ts'
import { failed, type Outcome, succeeded } from '../../src/core/outcome.ts'
import type { GatewayRequest, TargetRequest } from '../../src/core/request.ts'
import type { Service } from '../../src/core/service.ts'
import type { Clock, Timer } from '../../src/kit/clock.ts'

/** The outcome of an exchange, and its time in milliseconds after sending. */
export interface Script {
  readonly afterMs: number
  readonly status?: number
  readonly body?: string
  readonly headers?: readonly string[]
  /** Fails with this code instead of answering. */
  readonly fails?: FailureCode
  /** `retryAfter` of the failure. */
  readonly retryAfterMs?: number
  /** Sends the head at `afterMs` and ends the body this much later; the answer is a stream. */
  readonly bodyAfterMs?: number
  /** For a stream: its body fails with this code instead of ending. */
  readonly bodyFails?: FailureCode
  /** Never answers. */
  readonly hangs?: boolean
}

/** Inside a balancer a request has an attempt; tests of outer layers have none. */
export type SeenRequest = GatewayRequest & Partial<Pick<TargetRequest, 'attempt'>>

/** One exchange as the upstream saw it. */
export interface Seen {
  readonly request: SeenRequest
  readonly call: Call
  readonly sentMs: number
  /** Undefined while the exchange is open. */
  endedMs: number | undefined
  outcome: Outcome | undefined
  /** Abort reason, if the exchange was aborted. */
  aborted: Failure | undefined
  /** Whether the caller discarded the body. */
  discarded: boolean
  answer(status: number, body?: string): void
  fail(code: FailureCode, retryAfterMs?: number): void
}

/**
 * A scripted fake for everything inside a strategy. With a script each exchange ends by itself in virtual time; without
 * one a test answers by hand. Like the real transport, it ends an exchange at once on abort.
 */
export class FakeUpstream {
  readonly seen: Seen[] = []
  readonly #clock: Clock
  readonly #script: (place: number, request: SeenRequest) => Script | undefined

  constructor(
    clock: Clock,
    script: readonly Script[] | ((place: number, request: SeenRequest) => Script | undefined) = [],
  ) {
    this.#clock = clock
    this.#script = typeof script === 'function' ? script : (place) => script[place]
  }

  /** Open exchanges: each would hold a socket. */
  get openCount(): number {
    return this.seen.filter(({ endedMs }) => endedMs === undefined).length
  }

  readonly service: Service<SeenRequest> = (request, call) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const script = this.#script(this.seen.length, request)
    const exchange = new FakeExchange(request, call, this.#clock, resolve)
    this.seen.push(exchange)
    if (script !== undefined) exchange.play(script)
    return promise
  }
}

class FakeExchange implements Seen, AbortListener, BodyStream {
  readonly request: SeenRequest
  readonly call: Call
  readonly sentMs: number
  endedMs: number | undefined
  outcome: Outcome | undefined
  aborted: Failure | undefined
  discarded = false
  readonly #clock: Clock
  readonly #resolve: (outcome: Outcome) => void
  #sink: BodySink | undefined
  readonly #watchers: BodyWatcher[] = []
  #bodyEnd: string | Failure | undefined
  #timer: Timer | undefined

  constructor(request: SeenRequest, call: Call, clock: Clock, resolve: (outcome: Outcome) => void) {
    this.request = request
    this.call = call
    this.#clock = clock
    this.#resolve = resolve
    this.sentMs = clock.now()
    call.scope.add(this)
  }

  play(script: Script): void {
    if (script.hangs === true) return
    this.#timer = this.#clock.after(script.afterMs, () => {
      if (this.endedMs !== undefined) return
      if (script.fails !== undefined) this.fail(script.fails, script.retryAfterMs)
      else if (script.bodyAfterMs === undefined) this.answer(script.status ?? 200, script.body, script.headers)
      else this.#answerHead(script)
    })
  }

  answer(status: number, body = '{}', headers: readonly string[] = []): void {
    this.#end()
    this.#tell(
      succeeded({ status, headers, body: Buffer.from(body), attempt: this.request.attempt, upgraded: undefined }),
    )
  }

  fail(code: FailureCode, retryAfterMs?: number): void {
    this.#end()
    this.#tell(failed(failure(code, `fake ${code}`, { retryAfterMs })))
  }

  onAbort(reason: Failure): void {
    if (this.endedMs !== undefined) return
    this.aborted = reason
    this.#end()
    if (this.outcome === undefined) this.#tell(failed(reason))
    else this.#endBody(reason)
  }

  pipe(sink: BodySink): void {
    this.#sink = sink
    if (this.#bodyEnd !== undefined) this.#endBody(this.#bodyEnd)
  }

  resume(): void {}

  discard(): void {
    this.discarded = true
    this.#end()
    this.#tellWatchers(undefined)
  }

  watch(watcher: BodyWatcher): void {
    if (this.endedMs === undefined) this.#watchers.push(watcher)
    else watcher.onBodyOver(typeof this.#bodyEnd === 'string' ? undefined : this.#bodyEnd)
  }

  #answerHead(script: Script): void {
    this.#tell(
      succeeded({
        status: script.status ?? 200,
        headers: script.headers ?? [],
        body: this,
        attempt: this.request.attempt,
        upgraded: undefined,
      }),
    )
    this.#timer = this.#clock.after(script.bodyAfterMs ?? 0, () => {
      if (this.endedMs !== undefined) return
      this.#end()
      const { bodyFails, body = '{}' } = script
      this.#endBody(bodyFails === undefined ? body : failure(bodyFails, `fake ${bodyFails}`))
    })
  }

  #endBody(end: string | Failure): void {
    this.#bodyEnd = end
    this.#tellWatchers(typeof end === 'string' ? undefined : end)
    if (this.#sink === undefined) return
    if (typeof end === 'string') {
      this.#sink.write(Buffer.from(end))
      this.#sink.end([])
    } else this.#sink.fail(end)
  }

  #tellWatchers(reason: Failure | undefined): void {
    for (const watcher of this.#watchers.splice(0)) watcher.onBodyOver(reason)
  }

  #tell(outcome: Outcome): void {
    this.outcome = outcome
    this.#resolve(outcome)
  }

  #end(): void {
    this.endedMs ??= this.#clock.now()
    this.#timer?.cancel()
    this.call.scope.remove(this)
  }
}
