import type { AbortListener, AbortScope } from '../core/abort.ts'
import type { Failure } from '../core/failure.ts'

/** The machine's clock and event loop. */
export interface TurnsDeps {
  /** Milliseconds with fractions. */
  readonly now: () => number
  /** Runs the action after everything that is ready now, such as `setImmediate`. */
  readonly later: (action: () => void) => void
  /** Runs the action after this time, such as `setTimeout`. */
  readonly after: (delayMs: number, action: () => void) => void
}

/** Does some 0.1 ms of the work. True: nothing is left to do. */
export type WorkStep = () => boolean

/** Length of one turn, for all jobs together: the longest that other work has to wait. */
const turnMs = 1
/** Rest after a turn while calls arrive, in turns: long work gets a sixteenth of the thread. */
const restFactor = 15
/**
 * Jobs that take turns with each other; further jobs wait until one ends. Running all at once would make all late,
 * running one at a time would make small jobs wait for a large one.
 */
const jobsAtOnce = 4
/** Longest round that counts as quiet. A round of the event loop with nothing ready takes some 0.02 ms. */
const quietRoundMs = 0.1
/** Quiet rounds in a row after which the thread counts as idle. */
const quietRounds = 2

/**
 * Runs long work without blocking the event loop: in turns, with one turn shared by all jobs of a thread. While calls
 * arrive, they get fifteen sixteenths of the thread however many jobs wait; otherwise the work runs almost without
 * rest. With an eighth for the work, 30 clients posting 1 MiB of JSON each cost their neighbours 23 % of throughput
 * (`bench/faults/json.ts`), half of it for reading and sending those bodies.
 */
export class Turns {
  readonly #deps: TurnsDeps
  readonly #jobs: Job[] = []
  #isRunning = false
  #tookMs = 0
  #roundBeganMs = 0
  #quiet = 0

  constructor(deps: TurnsDeps) {
    this.#deps = deps
  }

  /** Resolves when the work is done, or immediately with the reason when the scope is aborted. */
  run(step: WorkStep, scope: AbortScope): Promise<Failure | undefined> {
    return new Promise((resolve, reject) => {
      const job = new Job(step, scope, resolve, reject)
      if (job.isOver) return
      this.#jobs.push(job)
      if (this.#isRunning) return
      this.#isRunning = true
      this.#beginRest(0)
    })
  }

  /** Runs after each round of the loop since the last turn. */
  readonly #look = (): void => {
    const now = this.#deps.now()
    const isQuiet = now - this.#roundBeganMs <= quietRoundMs
    this.#roundBeganMs = now
    if (isQuiet) this.#quiet++
    if (this.#tookMs === 0 || this.#quiet === quietRounds) this.#turn()
    else if (isQuiet) this.#deps.later(this.#look)
    // Checking every round would cost other work more than the rest gives it.
    else this.#deps.after(restFactor * this.#tookMs, this.#turn)
  }

  readonly #turn = (): void => {
    const beganMs = this.#deps.now()
    let now = beganMs
    while (now - beganMs < turnMs) {
      const job = this.#jobs.shift()
      if (job === undefined) break
      job.work()
      if (!job.isOver) this.#jobs.splice(jobsAtOnce - 1, 0, job)
      now = this.#deps.now()
    }
    this.#beginRest(now - beganMs)
  }

  #beginRest(tookMs: number): void {
    this.#isRunning = this.#jobs.length > 0
    this.#tookMs = tookMs
    this.#roundBeganMs = this.#deps.now()
    this.#quiet = 0
    if (this.#isRunning) this.#deps.later(this.#look)
  }
}

class Job implements AbortListener {
  readonly #step: WorkStep
  readonly #scope: AbortScope
  readonly #resolve: (reason: Failure | undefined) => void
  readonly #reject: (error: unknown) => void
  isOver = false

  constructor(
    step: WorkStep,
    scope: AbortScope,
    resolve: (reason: Failure | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    this.#step = step
    this.#scope = scope
    this.#resolve = resolve
    this.#reject = reject
    // Last, as an already aborted scope notifies it immediately.
    scope.add(this)
  }

  /** Does nothing once the job is over. */
  work(): void {
    if (this.isOver) return
    try {
      if (!this.#step()) return
      this.#end()
      this.#resolve(undefined)
    } catch (error) {
      this.#end()
      this.#reject(error)
    }
  }

  onAbort(reason: Failure): void {
    this.isOver = true
    this.#resolve(reason)
  }

  #end(): void {
    this.isOver = true
    this.#scope.remove(this)
  }
}

/** The turns of this thread. */
export const threadTurns = new Turns({
  now: () => performance.now(),
  later: (action) => void setImmediate(action),
  after: (delayMs, action) => void setTimeout(action, delayMs),
})
