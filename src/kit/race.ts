import type { AbortListener } from '../core/abort.ts'
import type { AttemptKind } from '../core/attempt.ts'
import { isHeld } from '../core/body.ts'
import type { Call } from '../core/call.ts'
import { type Failure, failure } from '../core/failure.ts'
import { failed, type Outcome } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { Clock, Timer } from './clock.ts'

/** One attempt line in a race. Times are milliseconds since the race began. */
export interface Runner {
  readonly kind: AttemptKind
  readonly sentMs: number
  readonly endedMs: number | undefined
  readonly outcome: Outcome | undefined
  readonly dropped: boolean
}

/** The only input of a judge. */
export interface RaceView {
  readonly elapsedMs: number
  readonly runners: readonly Runner[]
  /** Why the call must end now: its deadline has passed, or the client has disconnected. */
  readonly aborted: Failure | undefined
}

export type Step =
  /** Send `count` more; `drop` first aborts the runners at these indexes. */
  | { readonly do: 'send'; readonly count: number; readonly kind: AttemptKind; readonly drop?: readonly number[] }
  /** Ask again at the next outcome, or at `untilMs` if that is sooner. */
  | { readonly do: 'wait'; readonly untilMs?: number }
  /** The race is decided. `keep` is the runner whose response goes to the client; all others are aborted. */
  | { readonly do: 'settle'; readonly outcome: Outcome; readonly keep?: number }

/**
 * Decides the next step: called at the start, at each outcome, at each requested time, and on abort. It is a pure
 * function of the view: no clock, no promises, no randomness. Once the race is aborted, it must settle.
 */
export type Judge = (view: RaceView) => Step

export interface RaceOptions {
  readonly judge: Judge
  /** Sends the request for the runner at this index. */
  readonly next: (request: GatewayRequest, call: Call, index: number) => Promise<Outcome>
  readonly request: GatewayRequest
  readonly call: Call
  readonly clock: Clock
}

const lost = failure('CANCELLED', 'Another attempt decided the call')

/** The thin shell around every judge: it sleeps, sends, keeps the winner and aborts the losers. */
export function race(options: RaceOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => new Race(options, resolve, reject).start())
}

interface LiveRunner {
  readonly kind: AttemptKind
  readonly sentMs: number
  readonly fork: Call
  endedMs: number | undefined
  outcome: Outcome | undefined
  dropped: boolean
}

class Race implements AbortListener {
  readonly #options: RaceOptions
  readonly #resolve: (outcome: Outcome) => void
  readonly #reject: (error: unknown) => void
  readonly #startedAtMs: number
  readonly #runners: LiveRunner[] = []
  #timer: Timer | undefined
  /** The latest `untilMs` whose timer has fired. */
  #reachedMs = 0
  #settled = false
  #aborted: Failure | undefined

  constructor(options: RaceOptions, resolve: (outcome: Outcome) => void, reject: (error: unknown) => void) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#startedAtMs = options.clock.now()
  }

  start(): void {
    this.#options.call.scope.add(this)
    this.#advance()
  }

  onAbort(reason: Failure): void {
    this.#aborted = reason
    this.#advance()
  }

  /**
   * Never less than the time a timer was set for: (start + 300) - start may be 299.9999999990687, and a judge that sees
   * this would ask for 300 ms again, which is now.
   */
  #elapsedMs(): number {
    return Math.max(this.#reachedMs, this.#options.clock.now() - this.#startedAtMs)
  }

  #advance(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    try {
      this.#step()
    } catch (error) {
      this.#crash(error)
    }
  }

  /** Follows the judge's steps until it has to wait or the race is settled. */
  #step(): void {
    while (!this.#settled) {
      const elapsedMs = this.#elapsedMs()
      const step = this.#options.judge({ elapsedMs, runners: this.#runners, aborted: this.#aborted })
      if (step.do === 'settle') this.#settle(step.outcome, step.keep)
      else if (this.#aborted !== undefined) this.#settle(failed(this.#aborted), undefined)
      else if (step.do === 'send') this.#send(step)
      else {
        const { untilMs } = step
        if (untilMs !== undefined) {
          this.#timer = this.#options.clock.after(untilMs - elapsedMs, () => {
            this.#reachedMs = untilMs
            this.#advance()
          })
        }
        return
      }
    }
  }

  #send(step: Extract<Step, { do: 'send' }>): void {
    for (const index of step.drop ?? []) {
      const runner = this.#runners[index] as LiveRunner
      runner.dropped = true
      runner.fork.abort(lost)
    }
    const { next, request, call } = this.#options
    for (let i = 0; i < step.count; i++) {
      const fork = call.fork(step.kind)
      const runner: LiveRunner = {
        kind: step.kind,
        sentMs: this.#elapsedMs(),
        fork,
        endedMs: undefined,
        outcome: undefined,
        dropped: false,
      }
      const index = this.#runners.push(runner) - 1
      next(request, fork, index).then(
        (outcome) => this.#arrived(runner, outcome),
        (error) => this.#crash(error),
      )
    }
  }

  #arrived(runner: LiveRunner, outcome: Outcome): void {
    if (this.#settled || runner.dropped) {
      discard(outcome)
      // A dropped runner still counts as ended.
      if (this.#settled) return
    }
    runner.outcome = runner.dropped ? failed(lost) : outcome
    runner.endedMs = this.#elapsedMs()
    this.#advance()
  }

  #settle(outcome: Outcome, keep: number | undefined): void {
    this.#end(keep)
    this.#resolve(outcome)
  }

  /** A bug in a judge or service ends the race too, with nothing left running. */
  #crash(error: unknown): void {
    if (!this.#settled) this.#end(undefined)
    this.#reject(error)
  }

  #end(keep: number | undefined): void {
    this.#settled = true
    this.#timer?.cancel()
    this.#options.call.scope.remove(this)
    // If the call itself is over, its attempts have not lost: they ran out of time, or the client disconnected.
    const reason = this.#aborted ?? lost
    for (let index = 0; index < this.#runners.length; index++) {
      if (index === keep) continue
      const runner = this.#runners[index] as LiveRunner
      if (runner.outcome === undefined || runner.outcome.ok) runner.fork.abort(reason)
    }
  }
}

function discard(outcome: Outcome): void {
  if (!outcome.ok) return
  const { body, upgraded } = outcome.response
  if (!isHeld(body)) body.discard()
  upgraded?.destroy()
}
