import type { LoadRun } from '../load-run.ts'
import type { PaceOptions } from '../pace.ts'
import { reportHtml } from '../report/report.ts'
import { type LoadAmount, type LoadDeps, type LoadSetup, loadRun } from '../setup.ts'
import { summaryOf } from '../summary.ts'
import { type Counts, Tally } from '../tally.ts'
import { describePace } from '../text/describe.ts'
import { type Control, paceOf } from './control.ts'

/** One second of a run, as the page's charts show it. */
export interface ChartPoint {
  readonly second: number
  readonly perSecond: number
  readonly failedPerSecond: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly inFlight: number
}

export interface PageState {
  readonly target: string
  readonly phase: 'idle' | 'running' | 'stopping'
  readonly text: string
  readonly pace: { readonly kind: PaceOptions['kind']; readonly value: number }
  readonly counts: Counts
  readonly point?: ChartPoint
  readonly hasReport: boolean
}

export interface ControlsOptions {
  readonly setup: LoadSetup
  /** The page's initial values; the duration applies to every run. */
  readonly amount: LoadAmount
  readonly maxConnections: number
  readonly busyShare: () => number
  readonly onState: (state: PageState) => void
}

const pointLimit = 300

/** The actions of the page's buttons: one run at a time, always against the target of the command line. */
export class Controls {
  readonly #options: ControlsOptions
  readonly #deps: LoadDeps
  #pace: PaceOptions
  #run: LoadRun | undefined
  #isStopping = false
  #lastText = 'ready'
  #lastCounts: Counts = new Tally(() => true).counts(0)
  #report: string | undefined
  #history: ChartPoint[] = []
  #seconds = 0
  #ended: Promise<void> = Promise.resolve()
  #tick: { cancel(): void } | undefined

  constructor(options: ControlsOptions, deps: LoadDeps) {
    this.#options = options
    this.#deps = deps
    this.#pace = options.amount.pace
  }

  get history(): readonly ChartPoint[] {
    return this.#history
  }

  get report(): string | undefined {
    return this.#report
  }

  /** Returns the reason if the action is refused. */
  do(control: Control): string | undefined {
    if (control.action === 'start') {
      if (this.#run !== undefined) return 'a run is in progress: stop it first'
      this.#start(paceOf(control, this.#options.maxConnections))
      return undefined
    }
    if (this.#run === undefined) return 'no run is in progress: start one first'
    if (control.action === 'stop') this.#stop(this.#run)
    else {
      this.#pace = paceOf({ kind: this.#pace.kind, value: control.value }, this.#options.maxConnections)
      this.#run.setPace(valueOf(this.#pace))
    }
    this.#options.onState(this.state())
    return undefined
  }

  async close(): Promise<void> {
    this.#run?.interrupt('stopped')
    await this.#ended
  }

  state(point?: ChartPoint): PageState {
    const run = this.#run
    return {
      target: `${this.#options.setup.method} ${this.#options.setup.target.text}`,
      phase: run === undefined ? 'idle' : this.#isStopping ? 'stopping' : 'running',
      text:
        run === undefined
          ? this.#lastText
          : `${this.#isStopping ? 'stopping' : 'running'}: ${describePace(this.#pace)}`,
      pace: { kind: this.#pace.kind, value: valueOf(this.#pace) },
      counts: run === undefined ? this.#lastCounts : run.recorder.tally.counts(run.unsent),
      ...(point === undefined ? {} : { point }),
      hasReport: this.#report !== undefined,
    }
  }

  #start(pace: PaceOptions): void {
    const { setup, amount, onState } = this.#options
    const { durationMs } = amount
    this.#pace = pace
    this.#isStopping = false
    this.#history = []
    this.#seconds = 0
    const run = loadRun(setup, { pace, ...(durationMs === undefined ? {} : { durationMs }) }, this.#deps)
    this.#run = run
    this.#ended = run.start().then((end) => {
      this.#tick?.cancel()
      const facts = { url: setup.target.text, method: setup.method, pace: this.#pace, end }
      const summary = summaryOf(run, { ...facts, testerBusy: this.#options.busyShare() })
      this.#report = reportHtml(summary)
      this.#lastCounts = summary.counts
      this.#lastText = end === 'target gone' ? 'aborted: the target is gone' : end
      this.#run = undefined
      onState(this.state())
    })
    onState(this.state())
    this.#nextPoint(run)
  }

  /** The second stop does not wait for requests in flight. */
  #stop(run: LoadRun): void {
    if (this.#isStopping) run.interrupt('stopped')
    this.#isStopping = true
    run.stop()
  }

  #nextPoint(run: LoadRun): void {
    this.#tick = this.#deps.clock.after(1000, () => {
      const { widthMs, ended, failed, p50Ms, p99Ms } = run.recorder.takeInterval(run.nowMs)
      const point: ChartPoint = {
        second: this.#seconds++,
        perSecond: (ended / widthMs) * 1000,
        failedPerSecond: (failed / widthMs) * 1000,
        p50Ms,
        p99Ms,
        inFlight: run.recorder.tally.inFlightCount,
      }
      this.#history = [...this.#history.slice(1 - pointLimit), point]
      this.#options.onState(this.state(point))
      this.#nextPoint(run)
    })
  }
}

function valueOf(pace: PaceOptions): number {
  return pace.kind === 'closed' ? pace.users : pace.perSecond
}
