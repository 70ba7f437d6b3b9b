import type { Pace, PaceDeps } from './pace.ts'
import { Schedule } from './schedule.ts'

/** The resolution of timers: requests due within it are sent now, rather than a millisecond late. */
const timerGrainMs = 1

export interface OpenLoopOptions {
  readonly perSecond: number
  readonly maxConnections: number
  /** Requests due later are not sent, however late the timers are. */
  readonly durationMs: number | undefined
}

/**
 * Requests at a fixed rate, however earlier ones end. If all connections are busy, due requests wait, and their latency
 * counts from when they were due. So a stalled target shows all the waiting that it causes; a loop that waits for
 * answers before it sends would leave out exactly that (coordinated omission). Waiting requests cost no memory: their
 * number is the difference of two counters.
 */
export class OpenLoop implements Pace {
  readonly #deps: PaceDeps
  readonly #maxConnections: number
  readonly #schedule: Schedule
  #next = 0
  #hasDueEnded = false
  #hasStopped = false
  #isPumping = false
  #wake: { cancel(): void } | undefined

  constructor(options: OpenLoopOptions, deps: PaceDeps) {
    this.#deps = deps
    this.#maxConnections = options.maxConnections
    const beginMs = deps.now()
    this.#schedule = new Schedule(beginMs, options.perSecond)
    if (options.durationMs !== undefined) this.#schedule.end(beginMs + options.durationMs)
  }

  get isDone(): boolean {
    return this.#hasStopped || (this.#hasDueEnded && this.#waiting(0) <= 0)
  }

  get unsent(): number {
    return Math.max(0, Math.min(this.#waiting(0), this.#deps.left()))
  }

  setRate(perSecond: number): void {
    this.#schedule.setRate(perSecond, this.#deps.now())
    this.pump()
  }

  pump(): void {
    // A request that ends while it is being sent calls this again.
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#canSend() && this.#waiting(timerGrainMs) > 0) {
      this.#deps.launch(this.#schedule.dueMs(this.#next++))
    }
    this.#isPumping = false
    this.#sleep()
  }

  ended(): void {
    this.pump()
  }

  dueEnds(): void {
    this.#schedule.end(this.#deps.now())
    this.#hasDueEnded = true
    this.pump()
  }

  stop(): void {
    if (this.#hasStopped) return
    this.#schedule.end(this.#deps.now())
    this.#hasStopped = true
    this.#wake?.cancel()
  }

  #canSend(): boolean {
    return !this.#hasStopped && this.#deps.inFlight() < this.#maxConnections && this.#deps.left() > 0
  }

  #waiting(aheadMs: number): number {
    return this.#schedule.countAt(this.#deps.now() + aheadMs) - this.#next
  }

  /** Sleeps until the next request is due. If all connections are busy, the first to end wakes it instead. */
  #sleep(): void {
    this.#wake?.cancel()
    this.#wake = undefined
    if (!this.#canSend() || !this.#schedule.has(this.#next)) return
    const delayMs = this.#schedule.dueMs(this.#next) - this.#deps.now() - timerGrainMs
    this.#wake = this.#deps.after(Math.max(0, delayMs), () => {
      this.#wake = undefined
      this.pump()
    })
  }
}
