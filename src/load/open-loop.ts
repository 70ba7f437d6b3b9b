import type { Pace, PaceDeps } from './pace.ts'
import { Schedule } from './schedule.ts'

/** Timers are no finer: what is due within it goes out with what is due now, rather than a millisecond late. */
const timerGrainMs = 1

export interface OpenLoopOptions {
  readonly perSecond: number
  readonly maxConnections: number
  /** What is due after it is not sent, however late the timers are. */
  readonly durationMs: number | undefined
}

/**
 * Requests at a fixed rate, whatever becomes of those before. If all connections are busy, those that are due wait, and
 * their latency is counted from when they were due. So a target that stalls shows all the waiting that it causes; a loop
 * that waits for answers before it sends would leave just that out (coordinated omission). Waiting requests are no more
 * than a difference of two numbers.
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
    // A request that ends as it is sent comes back here.
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

  /** Until the next is due. If all connections are busy, the one that ends first wakes it instead. */
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
