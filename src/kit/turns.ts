import type { AbortListener, AbortScope } from '../core/abort.ts'
import type { Failure } from '../core/failure.ts'

/** What the turns ask of the machine. */
export interface TurnsDeps {
  /** Milliseconds with fractions. */
  readonly now: () => number
  /** Runs the action once all that is ready now has had its turn, such as `setImmediate`. */
  readonly later: (action: () => void) => void
  /** Runs the action after this time, such as `setTimeout`. */
  readonly after: (delayMs: number, action: () => void) => void
}

/** Does a little of the work, some 0.1 ms of it. True: there is nothing left to do. */
export type WorkStep = () => boolean

/** How long one turn takes, for all work together: others wait no longer. */
const turnMs = 1
/** Rest after a turn while calls come, in turns: long work has a sixteenth of the thread. */
const restFactor = 15
/**
 * So many jobs take turns with each other; further ones wait for their end. All at once would all be late, one at a time
 * would keep small ones waiting for a large one.
 */
const jobsAtOnce = 4
/** A round of the event loop in which nothing was ready takes some 0.02 ms. */
const quietRoundMs = 0.1
/** So many of them in a row: nobody else wants the thread. */
const quietRounds = 2

/**
 * Long work that must not stop the event loop: it is done in turns, and all jobs of a thread share one turn. While calls
 * come, they get fifteen sixteenths of the thread however many jobs wait; while none come, the work goes on almost
 * without a rest. With an eighth for the work, 30 clients that post 1 MiB of JSON each took 23 % from their neighbours
 * (`bench/faults/json.ts`), half of it to read and send those bodies.
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

  /** Resolves when the work is done, or at once with the reason when the scope is aborted. */
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

  /** After each round of the loop since the last turn. */
  readonly #look = (): void => {
    const now = this.#deps.now()
    const isQuiet = now - this.#roundBeganMs <= quietRoundMs
    this.#roundBeganMs = now
    if (isQuiet) this.#quiet++
    if (this.#tookMs === 0 || this.#quiet === quietRounds) this.#turn()
    else if (isQuiet) this.#deps.later(this.#look)
    // To look again and again would cost the others more than the rest gives them.
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
  readonly #reject: (fault: unknown) => void
  isOver = false

  constructor(
    step: WorkStep,
    scope: AbortScope,
    resolve: (reason: Failure | undefined) => void,
    reject: (fault: unknown) => void,
  ) {
    this.#step = step
    this.#scope = scope
    this.#resolve = resolve
    this.#reject = reject
    // Last, as it is told at once where the scope has been aborted already.
    scope.add(this)
  }

  /** One that is over has nothing left to do. */
  work(): void {
    if (this.isOver) return
    try {
      if (!this.#step()) return
      this.#end()
      this.#resolve(undefined)
    } catch (fault) {
      this.#end()
      this.#reject(fault)
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

/** Those of this thread. */
export const threadTurns = new Turns({
  now: () => performance.now(),
  later: (action) => void setImmediate(action),
  after: (delayMs, action) => void setTimeout(action, delayMs),
})
