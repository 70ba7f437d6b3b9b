import { type AttemptOutcome, attemptOutcomes } from '../../core/attempt.ts'
import type { Counts } from '../counts/counts.ts'
import type { TargetCells } from '../counts/target-cells.ts'
import { DurationWindow } from './duration-window.ts'
import type { TargetFigures, TargetState } from './figures-schema.ts'
import { NumberHistory } from './number-history.ts'
import { msOrNone } from './route-series.ts'
import { SlidingHistogram } from './sliding-histogram.ts'

export const noState: TargetState = {
  inFlight: 0,
  attempts: 0,
  outcomes: {},
  lastMinute: { attempts: 0, outcomes: {} },
  p50Ms: undefined,
  p99Ms: undefined,
}

/** `inFlight` is the current value, the others count since the start; outcomes follow. */
const column = { inFlight: 0, ended: 1 } as const
const fixedColumns = Object.keys(column).length
const columns = fixedColumns + attemptOutcomes.length

const rowOf = { inFlight: 0, attempts: 1, p50Ms: 2, p99Ms: 3 } as const
const rowOutcomes = Object.keys(rowOf).length
const rowWidth = rowOutcomes + attemptOutcomes.length

const minuteSeconds = 60
/** Six slices of ten seconds. */
const minuteSlices = 6
const secondsPerSlice = 10

/** The figures of one target second by second. */
export class TargetSeries {
  /** Number of attempts in its history. */
  recent = 0
  readonly #upstream: string
  readonly #target: string
  readonly #totals = new Float64Array(columns)
  readonly #window: DurationWindow
  readonly #minute = new SlidingHistogram(minuteSlices)
  readonly #before = new Float64Array(columns)
  readonly #row = new Float64Array(rowWidth)
  readonly #history: NumberHistory
  /** The latest row of the history. */
  #latest = -1

  constructor({ upstream, target }: TargetCells, windowSeconds: number, historySeconds: number) {
    this.#upstream = upstream
    this.#target = target
    this.#window = new DurationWindow(windowSeconds)
    this.#history = new NumberHistory(rowWidth, historySeconds)
  }

  /** Ends a second: its counts become this row of the history. */
  turn(row: number, counts: Counts, cells: TargetCells): void {
    this.#look(counts, cells)
    const hasEnded = this.#totals[column.ended] !== this.#before[column.ended]
    if (cells.live !== undefined) this.#window.take(counts, cells.live.durations, hasEnded)
    this.#window.turn(this.#minute)
    if (row % secondsPerSlice === 0) this.#minute.turn()
    const values = this.#row
    values[rowOf.inFlight] = this.#totals[column.inFlight] as number
    values[rowOf.attempts] = this.#sinceBefore(column.ended)
    values[rowOf.p50Ms] = this.#window.quantileMs(0.5) ?? 0
    values[rowOf.p99Ms] = this.#window.quantileMs(0.99) ?? 0
    for (let i = 0; i < attemptOutcomes.length; i++) values[rowOutcomes + i] = this.#sinceBefore(fixedColumns + i)
    // A correction of an earlier second can bring a count below the reported value. It is then reported as 0, not as a
    // negative number, and the difference is subtracted from the following seconds.
    for (let i = 0; i < columns; i++) {
      this.#before[i] = Math.max(this.#before[i] as number, this.#totals[i] as number)
    }
    this.recent += (values[rowOf.attempts] as number) - this.#history.cell(row, rowOf.attempts)
    this.#history.set(row, values)
    this.#latest = row
  }

  at(row: number): TargetFigures {
    const values = this.#history.at(row)
    return {
      upstream: this.#upstream,
      target: this.#target,
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
    // Corrections within the second.
    for (let i = rowOutcomes; i < rowWidth; i++) if (values[i] !== 0) return false
    return true
  }

  /** The current state. */
  state(counts: Counts, cells: TargetCells): TargetState {
    this.#look(counts, cells)
    // Before the first slice is complete, only the last seconds have data.
    const minute = this.#minute.total > this.#window.total ? this.#minute : this.#window
    return {
      inFlight: this.#totals[column.inFlight] as number,
      attempts: this.#totals[column.ended] as number,
      outcomes: outcomesIn(this.#totals, fixedColumns),
      lastMinute: this.#lastMinute(),
      p50Ms: msOrNone(minute.quantileMs(0.5) ?? 0),
      p99Ms: msOrNone(minute.quantileMs(0.99) ?? 0),
    }
  }

  /**
   * Never more than since the start: a success of an earlier second that became a reset is in that second still, but no
   * longer in the total.
   */
  #lastMinute(): TargetState['lastMinute'] {
    const values = new Float64Array(rowWidth)
    for (let row = Math.max(0, this.#latest - minuteSeconds + 1); row <= this.#latest; row++) {
      const second = this.#history.at(row)
      for (let i = rowOf.attempts; i < rowWidth; i++) values[i] = (values[i] as number) + (second[i] as number)
    }
    for (let i = 0; i < attemptOutcomes.length; i++) {
      const sinceStart = this.#totals[fixedColumns + i] as number
      values[rowOutcomes + i] = Math.min(values[rowOutcomes + i] as number, sinceStart)
    }
    return { attempts: values[rowOf.attempts] as number, outcomes: outcomesIn(values, rowOutcomes) }
  }

  #look(counts: Counts, { inFlight, attempts, live }: TargetCells): void {
    const totals = this.#totals
    totals[column.inFlight] = counts.read(inFlight)
    totals[column.ended] = 0
    for (let i = 0; i < attemptOutcomes.length; i++) {
      const count = counts.read(attempts + i)
      totals[column.ended] = (totals[column.ended] as number) + count
      totals[fixedColumns + i] = count + (live === undefined ? 0 : counts.read(live.corrections + i))
    }
  }

  #sinceBefore(index: number): number {
    return Math.max(0, (this.#totals[index] as number) - (this.#before[index] as number))
  }
}

function outcomesIn(values: ArrayLike<number>, from: number): Partial<Record<AttemptOutcome, number>> {
  const outcomes: Partial<Record<AttemptOutcome, number>> = {}
  for (const [index, outcome] of attemptOutcomes.entries()) {
    const count = values[from + index] as number
    if (count > 0) outcomes[outcome] = count
  }
  return outcomes
}
