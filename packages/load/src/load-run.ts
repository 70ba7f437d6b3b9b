import type { Clock, Timer } from './clock.ts'
import { ClosedLoop } from './closed-loop.ts'
import { isConnectionFailure } from './error-kind.ts'
import { GoneWatch } from './gone-watch.ts'
import { OpenLoop } from './open-loop.ts'
import type { PaceDeps, PaceOptions } from './pace.ts'
import { Recorder } from './recorder.ts'
import type { RequestSource } from './requests.ts'
import type { Ending, Exchange, Sender } from './sender.ts'
import type { StatusSet } from './status-set.ts'

export interface RunOptions {
  readonly pace: PaceOptions
  /** With neither duration nor count the run continues until it is stopped. */
  readonly durationMs?: number
  readonly count?: number
  readonly isGood: StatusSet
  /** How long after the duration requests that were due in time may still be sent. */
  readonly timeoutMs: number
  readonly goneAfterMs: number | undefined
}

export interface RunDeps {
  readonly clock: Clock
  readonly requests: RequestSource
  readonly sender: Sender
}

/** How a run ended. */
export type RunEnd = 'finished' | 'stopped' | 'interrupted' | 'target gone'

/**
 * One run. It sends until its duration or count is reached, then waits for requests in flight, each limited by its
 * time-out. If it is aborted (`interrupt`, or the target is gone), it abandons requests in flight at once.
 */
export class LoadRun {
  readonly recorder: Recorder
  readonly startedAtMs: number
  readonly #options: RunOptions
  readonly #deps: RunDeps
  readonly #beginMs: number
  readonly #pace: ClosedLoop | OpenLoop
  readonly #gone: GoneWatch
  readonly #inFlight = new Set<Exchange>()
  readonly #timers: Timer[] = []
  readonly #over = Promise.withResolvers<RunEnd>()
  #end: RunEnd = 'finished'
  #sendingMs: number | undefined
  #isOver = false

  constructor(options: RunOptions, deps: RunDeps) {
    this.#options = options
    this.#deps = deps
    this.recorder = new Recorder(options.isGood)
    this.#beginMs = deps.clock.now()
    this.startedAtMs = deps.clock.wallNow()
    this.#gone = new GoneWatch(options.goneAfterMs)
    this.#pace = this.#paceOf(options.pace)
    deps.sender.setLimit(options.pace.kind === 'closed' ? options.pace.users : options.pace.maxConnections)
  }

  /** Resolves when the last request has ended. */
  start(): Promise<RunEnd> {
    const { durationMs, timeoutMs } = this.#options
    if (durationMs !== undefined) {
      this.#after(durationMs, () => this.#stopDue(durationMs))
      this.#after(durationMs + timeoutMs, () => this.#stopSending())
    }
    this.#pace.pump()
    this.#checkOver()
    return this.#over.promise
  }

  /** Stops sending, and waits for requests in flight. */
  stop(): void {
    if (this.#isOver) return
    this.#end = 'stopped'
    this.#stopDue(this.nowMs)
    this.#stopSending()
  }

  /** Ends the run immediately. */
  interrupt(end: RunEnd = 'interrupted'): void {
    if (this.#isOver) return
    this.#end = end
    this.#stopDue(this.nowMs)
    this.#pace.stop()
    for (const exchange of this.#inFlight) exchange.abandon()
    this.#checkOver()
  }

  /** The number of users of a closed loop, or requests a second of an open one. */
  setPace(value: number): void {
    if (this.#pace instanceof OpenLoop) return this.#pace.setRate(value)
    this.#deps.sender.setLimit(value)
    this.#pace.setUsers(value)
  }

  /** In the run's own time, which begins at 0. */
  get nowMs(): number {
    return this.#deps.clock.now() - this.#beginMs
  }

  /** How long requests were sent: the base of the rate. */
  get sendingMs(): number {
    return this.#sendingMs ?? this.nowMs
  }

  get unsent(): number {
    return this.#pace.unsent
  }

  get left(): number {
    return (this.#options.count ?? Number.POSITIVE_INFINITY) - this.recorder.tally.sentCount
  }

  #paceOf(pace: PaceOptions): ClosedLoop | OpenLoop {
    const deps: PaceDeps = {
      now: () => this.nowMs,
      after: (delayMs, action) => this.#deps.clock.after(delayMs, action),
      launch: (dueMs) => this.#launch(dueMs),
      inFlight: () => this.#inFlight.size,
      left: () => this.left,
    }
    return pace.kind === 'closed'
      ? new ClosedLoop(pace.users, deps)
      : new OpenLoop({ ...pace, durationMs: this.#options.durationMs }, deps)
  }

  #launch(dueMs: number): void {
    const request = this.#deps.requests(this.recorder.tally.sentCount + 1)
    const sending = { dueMs, sentMs: this.nowMs, lateAfterMs: request.lateAfterMs }
    this.recorder.sent(sending.sentMs)
    const exchange = this.#deps.sender.send(request, (ending) => {
      this.#inFlight.delete(exchange)
      const nowMs = this.nowMs
      this.recorder.ended(ending, sending, nowMs, this.#sendingMs === undefined)
      if (this.#gone.isGone(ending, sending.sentMs, nowMs)) this.interrupt('target gone')
      this.#goOn(ending)
    })
    this.#inFlight.add(exchange)
  }

  #goOn(ending: Ending): void {
    this.#pace.ended(ending.kind === 'error' && isConnectionFailure(ending.error))
    this.#checkOver()
  }

  #stopDue(atMs: number): void {
    this.#sendingMs ??= atMs
    this.#pace.dueEnds()
    this.#checkOver()
  }

  #stopSending(): void {
    this.#pace.stop()
    this.#checkOver()
  }

  #checkOver(): void {
    if (this.#isOver || this.#inFlight.size > 0 || !(this.#pace.isDone || this.left <= 0)) return
    this.#isOver = true
    // A run by count was sending until the last answer.
    this.#sendingMs ??= this.nowMs
    this.#pace.stop()
    for (const timer of this.#timers) timer.cancel()
    this.#deps.sender.close()
    this.#over.resolve(this.#end)
  }

  #after(delayMs: number, action: () => void): void {
    this.#timers.push(this.#deps.clock.after(delayMs, action))
  }
}
