import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import { type FailureCode, failureCodes } from '../../core/failure.ts'
import { NumberHistory } from './number-history.ts'
import { SlidingHistogram } from './sliding-histogram.ts'

/** Of the calls that ended within a second. */
export interface CallFigures {
  readonly calls: number
  readonly inFlight: number
  readonly failed: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly attempts: number
  readonly extraLoad: number
  readonly rescued: number
  readonly failures: Partial<Readonly<Record<FailureCode, number>>>
}

const codes = Object.keys(failureCodes) as FailureCode[]
const placeOfCode = new Map(codes.map((code, place) => [code, place]))

/** Since the start; codes of failures come behind them. */
const column = { started: 0, ended: 1, failed: 2, attempts: 3, extra: 4, rescued: 5 } as const
const fixedColumns = Object.keys(column).length
export const routeColumns = fixedColumns + codes.length

/** Of one second, as history keeps it. */
const rowOf = { calls: 0, inFlight: 1, failed: 2, attempts: 3, extra: 4, rescued: 5, p50Ms: 6, p99Ms: 7 } as const
const rowWidth = Object.keys(rowOf).length

/** Switching protocols: how long such a connection was open tells nothing of how fast it was answered. */
const switching = 101

/** The figures of one route, or (added up) of all. Events only count up; the rest is done once a second. */
export class RouteFigures {
  readonly totals = new Float64Array(routeColumns)
  readonly window: SlidingHistogram
  /** How many calls its history has. */
  recent = 0
  readonly #before = new Float64Array(routeColumns)
  readonly #lastSecond = new Float64Array(routeColumns)
  readonly #row = new Float64Array(rowWidth)
  readonly #history: NumberHistory
  /** There for the seconds that had any, which are few in most histories. */
  readonly #failures: (CallFigures['failures'] | undefined)[]

  constructor(windowSeconds: number, historySeconds: number) {
    this.#failures = Array.from({ length: historySeconds })
    this.window = new SlidingHistogram(windowSeconds)
    this.#history = new NumberHistory(rowWidth, historySeconds)
  }

  started(): void {
    const { totals } = this
    totals[column.started] = (totals[column.started] as number) + 1
  }

  ended(call: Call, { status, failure }: CallEnd): void {
    const { totals } = this
    totals[column.ended] = (totals[column.ended] as number) + 1
    if (status !== 0 && status !== switching) this.window.add(call.elapsedMs())
    if (failure !== undefined) {
      // What a client did wrong, or that it left, says nothing of how well it is served.
      if (failure.source !== 'client') totals[column.failed] = (totals[column.failed] as number) + 1
      const code = fixedColumns + (placeOfCode.get(failure.code) as number)
      totals[code] = (totals[code] as number) + 1
    } else if (status >= 500) totals[column.failed] = (totals[column.failed] as number) + 1
    const { attempts } = call
    const count = attempts.length
    if (count === 0) return
    totals[column.attempts] = (totals[column.attempts] as number) + count
    if (count === 1) return
    for (let i = 1; i < count; i++) {
      const { won, kind } = attempts[i] as Attempt
      // A broadcast, and named calls to several upstreams, are several firsts: none is extra, and none rescues another.
      if (kind === 'first') continue
      totals[column.extra] = (totals[column.extra] as number) + 1
      if (won) totals[column.rescued] = (totals[column.rescued] as number) + 1
    }
  }

  /** Ends a second: what was counted in it becomes this row of the history. */
  turn(row: number): void {
    this.window.turn()
    this.summarize(row)
  }

  /** The same for figures that were added up from others. */
  summarize(row: number): void {
    for (let i = 0; i < routeColumns; i++) {
      this.#lastSecond[i] = (this.totals[i] as number) - (this.#before[i] as number)
    }
    this.#before.set(this.totals)
    const second = this.#lastSecond
    const values = this.#row
    values[rowOf.calls] = second[column.ended] as number
    values[rowOf.inFlight] = (this.totals[column.started] as number) - (this.totals[column.ended] as number)
    for (const name of ['failed', 'attempts', 'extra', 'rescued'] as const) {
      values[rowOf[name]] = second[column[name]] as number
    }
    // No duration is 0 there: a bucket's middle is more.
    values[rowOf.p50Ms] = this.window.quantileMs(0.5) ?? 0
    values[rowOf.p99Ms] = this.window.quantileMs(0.99) ?? 0
    this.recent += (values[rowOf.calls] as number) - this.#history.cell(row, rowOf.calls)
    this.#history.set(row, values)
    this.#failures[row % this.#failures.length] = values[rowOf.failed] === 0 ? undefined : this.#failuresOfSecond()
  }

  /** Of a second that is not too long ago. */
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
    for (const [place, code] of codes.entries()) {
      const count = this.#lastSecond[fixedColumns + place] as number
      if (count > 0) failures[code] = count
    }
    return failures
  }
}

/** To the microsecond, which is more than the buckets tell. */
export function msOrNone(ms: number): number | undefined {
  return ms === 0 ? undefined : Math.round(ms * 1000) / 1000
}
