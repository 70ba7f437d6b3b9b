import { type FailureCode, failureCodes } from '../../core/failure.ts'
import type { Counts } from '../counts/counts.ts'
import type { RouteCells } from '../counts/route-cells.ts'
import { failureLabels, statusClasses } from '../metrics/catalogue.ts'
import { bucketCount } from './buckets.ts'
import { DurationWindow } from './duration-window.ts'
import type { CallFigures } from './figures-schema.ts'
import { NumberHistory } from './number-history.ts'

const codes = Object.keys(failureCodes) as FailureCode[]

/** `inFlight` is the current value, the others count since the start; failure codes follow. */
const column = { inFlight: 0, ended: 1, failed: 2, attempts: 3, extra: 4, rescued: 5 } as const
const fixedColumns = Object.keys(column).length
const columns = fixedColumns + codes.length

/** Which call counters of a route are failures. Client errors and hang-ups say nothing about the service. */
const isFailure = statusClasses.flatMap((status) =>
  failureLabels.map((code) => (code === 'none' ? status === '5xx' : failureCodes[code].source !== 'client')),
)

/** Scratch row for one reading. */
const callsRow = new Float64Array(isFailure.length)

/** Columns of one second in the history. */
const rowOf = { calls: 0, inFlight: 1, failed: 2, attempts: 3, extra: 4, rescued: 5, p50Ms: 6, p99Ms: 7 } as const
const rowWidth = Object.keys(rowOf).length

/** The figures of one route, or of all in total, second by second. */
export class RouteSeries {
  readonly #totals = new Float64Array(columns)
  readonly #window: DurationWindow
  /** Number of calls in its history. */
  recent = 0
  #key: string | undefined
  readonly #before = new Float64Array(columns)
  readonly #lastSecond = new Float64Array(columns)
  readonly #row = new Float64Array(rowWidth)
  readonly #history: NumberHistory
  /** Set only for seconds with failures, which are few in most histories. */
  readonly #failures: (CallFigures['failures'] | undefined)[]

  constructor(windowSeconds: number, historySeconds: number) {
    this.#failures = Array.from({ length: historySeconds })
    this.#window = new DurationWindow(windowSeconds)
    this.#history = new NumberHistory(rowWidth, historySeconds)
  }

  get hasCounted(): boolean {
    return this.#totals[column.inFlight] !== 0 || this.#totals[column.ended] !== 0
  }

  /** Ends a second: its counts become this row of the history. */
  turn(row: number, counts: Counts, cells: RouteCells): void {
    // The route has another strategy now, with counts of its own.
    if (cells.key !== this.#key) this.#startOver(cells.key)
    this.#look(counts, cells)
    const hasEnded = this.#totals[column.ended] !== this.#before[column.ended]
    if (cells.live !== undefined) this.#window.take(counts, cells.live.durations, hasEnded)
    this.#window.turn()
    this.#keep(row)
  }

  /** The same for the total of other series, whose second has ended already. */
  turnSum(row: number, others: Iterable<RouteSeries>): void {
    const [totals, { sum }] = [this.#totals, this.#window]
    totals.fill(0)
    // The counts of removed routes are no longer included.
    this.#before.fill(0)
    sum.fill(0)
    this.#window.total = 0
    for (const other of others) {
      for (let i = 0; i < columns; i++) {
        // Only the counts of the last second, except for calls in flight.
        const value = i === column.inFlight ? other.#totals[i] : other.#lastSecond[i]
        totals[i] = (totals[i] as number) + (value as number)
      }
      const { total, sum: durations } = other.#window
      if (total === 0) continue
      for (let i = 0; i < bucketCount; i++) sum[i] = (sum[i] as number) + (durations[i] as number)
      this.#window.total += total
    }
    this.#keep(row)
  }

  #startOver(key: string): void {
    this.#key = key
    this.#before.fill(0)
    this.#window.startOver()
  }

  #look(counts: Counts, { calls, inFlight, live }: RouteCells): void {
    const totals = this.#totals
    totals.fill(0)
    totals[column.inFlight] = counts.read(inFlight)
    counts.readRow(calls, callsRow)
    for (let index = 0; index < callsRow.length; index++) {
      const count = callsRow[index] as number
      if (count === 0) continue
      totals[column.ended] = (totals[column.ended] as number) + count
      if (isFailure[index] === true) totals[column.failed] = (totals[column.failed] as number) + count
      const code = (index % failureLabels.length) - 1
      if (code >= 0) totals[fixedColumns + code] = (totals[fixedColumns + code] as number) + count
    }
    if (live === undefined) return
    totals[column.attempts] = counts.read(live.attempts)
    totals[column.extra] = counts.read(live.extra)
    totals[column.rescued] = counts.read(live.rescued)
  }

  #keep(row: number): void {
    for (let i = 0; i < columns; i++) {
      this.#lastSecond[i] = (this.#totals[i] as number) - (this.#before[i] as number)
    }
    this.#before.set(this.#totals)
    const second = this.#lastSecond
    const values = this.#row
    values[rowOf.calls] = second[column.ended] as number
    values[rowOf.inFlight] = this.#totals[column.inFlight] as number
    for (const name of ['failed', 'attempts', 'extra', 'rescued'] as const) {
      values[rowOf[name]] = second[column[name]] as number
    }
    // No recorded duration is 0: the middle of a bucket is always greater.
    values[rowOf.p50Ms] = this.#window.quantileMs(0.5) ?? 0
    values[rowOf.p99Ms] = this.#window.quantileMs(0.99) ?? 0
    this.recent += (values[rowOf.calls] as number) - this.#history.cell(row, rowOf.calls)
    this.#history.set(row, values)
    this.#failures[row % this.#failures.length] = values[rowOf.failed] === 0 ? undefined : this.#failuresOfSecond()
  }

  /** The figures of a second that is still in the history. */
  at(row: number): CallFigures {
    const values = this.#history.at(row)
    const value = (name: keyof typeof rowOf): number => values[rowOf[name]] as number
    const calls = value('calls')
    return {
      calls,
      inFlight: value('inFlight'),
      failed: value('failed'),
      p50Ms: msOrNone(value('p50Ms')),
      p99Ms: msOrNone(value('p99Ms')),
      attempts: value('attempts'),
      extraLoad: calls === 0 ? 0 : Math.round((value('extra') / calls) * 10_000) / 10_000,
      rescued: value('rescued'),
      failures: this.#failures[row % this.#failures.length] ?? {},
    }
  }

  isIdleAt(row: number): boolean {
    const values = this.#history.at(row)
    return values[rowOf.calls] === 0 && values[rowOf.inFlight] === 0
  }

  #failuresOfSecond(): CallFigures['failures'] {
    const failures: Partial<Record<FailureCode, number>> = {}
    for (const [index, code] of codes.entries()) {
      const count = this.#lastSecond[fixedColumns + index] as number
      if (count > 0) failures[code] = count
    }
    return failures
  }
}

/** Rounded to the microsecond, which exceeds the precision of the buckets. */
export function msOrNone(ms: number): number | undefined {
  return ms === 0 ? undefined : Math.round(ms * 1000) / 1000
}
