import { type Attempt, type AttemptOutcome, attemptOutcomes, type Target } from '../../core/attempt.ts'
import { NumberHistory } from './number-history.ts'
import { msOrNone } from './route-figures.ts'
import { SlidingHistogram } from './sliding-histogram.ts'

/** Of the attempts that ended within a second. */
export interface TargetFigures {
  readonly upstream: string
  readonly target: string
  readonly inFlight: number
  readonly attempts: number
  readonly outcomes: Partial<Readonly<Record<AttemptOutcome, number>>>
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

/** What is known of a target since the start, and of its last minute. */
export interface TargetState {
  readonly inFlight: number
  readonly attempts: number
  readonly outcomes: Partial<Readonly<Record<AttemptOutcome, number>>>
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly lastFailure: { readonly atMs: number; readonly detail: string } | undefined
}

const placeOfOutcome = new Map(attemptOutcomes.map((outcome, place) => [outcome, place]))
/** Since the start; outcomes come behind them. */
const column = { started: 0, ended: 1 } as const
const fixedColumns = Object.keys(column).length
export const targetColumns = fixedColumns + attemptOutcomes.length

const rowOf = { inFlight: 0, attempts: 1, p50Ms: 2, p99Ms: 3 } as const
const rowOutcomes = Object.keys(rowOf).length
const rowWidth = rowOutcomes + attemptOutcomes.length

/** Six slices of ten seconds. */
const minuteSlices = 6
const secondsPerSlice = 10

/** The figures of one target. Events only count up; the rest is done once a second. */
export class TargetCounts {
  readonly target: Target
  readonly totals = new Float64Array(targetColumns)
  readonly window: SlidingHistogram
  /** How many attempts its history has. */
  recent = 0
  readonly minute = new SlidingHistogram(minuteSlices)
  lastFailure: { atMs: number; detail: string } | undefined
  readonly #before = new Float64Array(targetColumns)
  readonly #row = new Float64Array(rowWidth)
  readonly #history: NumberHistory

  constructor(target: Target, windowSeconds: number, historySeconds: number) {
    this.target = target
    this.window = new SlidingHistogram(windowSeconds)
    this.#history = new NumberHistory(rowWidth, historySeconds)
  }

  started(): void {
    const { totals } = this
    totals[column.started] = (totals[column.started] as number) + 1
  }

  ended(attempt: Attempt): void {
    const { totals } = this
    totals[column.ended] = (totals[column.ended] as number) + 1
    const { outcome, endedMs } = attempt
    if (outcome === undefined) return
    const place = placeOf(outcome)
    totals[place] = (totals[place] as number) + 1
    // What never answered has no latency.
    if (attempt.status !== undefined && endedMs !== undefined) this.window.add(endedMs - attempt.startedMs)
  }

  /** The outcome that was counted turned out to be another. */
  corrected(was: AttemptOutcome, is: AttemptOutcome): void {
    const { totals } = this
    const [before, after] = [placeOf(was), placeOf(is)]
    totals[before] = (totals[before] as number) - 1
    totals[after] = (totals[after] as number) + 1
  }

  turn(row: number): void {
    this.window.turn(this.minute)
    if (row % secondsPerSlice === 0) this.minute.turn()
    const values = this.#row
    values[rowOf.inFlight] = this.#inFlight
    values[rowOf.attempts] = this.#sinceBefore(column.ended)
    values[rowOf.p50Ms] = this.window.quantileMs(0.5) ?? 0
    values[rowOf.p99Ms] = this.window.quantileMs(0.99) ?? 0
    for (let i = 0; i < attemptOutcomes.length; i++) values[rowOutcomes + i] = this.#sinceBefore(fixedColumns + i)
    // A correction of an earlier second can leave a count behind what was told already. It is told as 0 and not as less,
    // and the difference goes off what comes next.
    for (let i = 0; i < targetColumns; i++) {
      this.#before[i] = Math.max(this.#before[i] as number, this.totals[i] as number)
    }
    this.recent += (values[rowOf.attempts] as number) - this.#history.cell(row, rowOf.attempts)
    this.#history.set(row, values)
  }

  at(row: number): TargetFigures {
    const values = this.#history.at(row)
    return {
      upstream: this.target.upstream,
      target: this.target.name,
      inFlight: values[rowOf.inFlight] as number,
      attempts: values[rowOf.attempts] as number,
      outcomes: outcomesIn(values, rowOutcomes),
      p50Ms: msOrNone(values[rowOf.p50Ms] as number),
      p99Ms: msOrNone(values[rowOf.p99Ms] as number),
    }
  }

  isIdleAt(row: number): boolean {
    const values = this.#history.at(row)
    if (values[rowOf.attempts] !== 0 || values[rowOf.inFlight] !== 0) return false
    // Corrected in it.
    for (let i = rowOutcomes; i < rowWidth; i++) if (values[i] !== 0) return false
    return true
  }

  state(): TargetState {
    // Until its first slice is whole, the last seconds are all there is.
    const minute = this.minute.total > this.window.total ? this.minute : this.window
    return {
      inFlight: this.#inFlight,
      attempts: this.totals[column.ended] as number,
      outcomes: outcomesIn(this.totals, fixedColumns),
      p50Ms: msOrNone(minute.quantileMs(0.5) ?? 0),
      p99Ms: msOrNone(minute.quantileMs(0.99) ?? 0),
      lastFailure: this.lastFailure,
    }
  }

  get #inFlight(): number {
    return (this.totals[column.started] as number) - (this.totals[column.ended] as number)
  }

  #sinceBefore(place: number): number {
    return Math.max(0, (this.totals[place] as number) - (this.#before[place] as number))
  }
}

function placeOf(outcome: AttemptOutcome): number {
  return fixedColumns + (placeOfOutcome.get(outcome) as number)
}

function outcomesIn(values: ArrayLike<number>, from: number): Partial<Record<AttemptOutcome, number>> {
  const outcomes: Partial<Record<AttemptOutcome, number>> = {}
  for (const [place, outcome] of attemptOutcomes.entries()) {
    const count = values[from + place] as number
    if (count > 0) outcomes[outcome] = count
  }
  return outcomes
}
