import type { ShedReason } from '../../core/shed-reason.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Cells } from '../counts/cells.ts'
import type { Counts } from '../counts/counts.ts'
import type { RouteCells } from '../counts/route-cells.ts'
import { type CountedTarget, type TargetCells, targetKey } from '../counts/target-cells.ts'
import { shedReasons } from '../metrics/catalogue.ts'
import { busiestOf, type Chosen } from './busiest.ts'
import type { CallFigures, Gauges, SecondFigures, TargetFigures, TargetState } from './figures-schema.ts'
import { RouteSeries } from './route-series.ts'
import { noState, TargetSeries } from './target-series.ts'

export interface FiguresOptions {
  readonly clock: Clock
  readonly counts: Counts
  readonly gauges: () => Gauges
}

/** The cells and the figures of a route or target. */
interface Series<P, S> {
  readonly cells: P
  readonly series: S
}

type Busiest = Chosen<RouteSeries, TargetSeries>

const windowSeconds = 10
export const historySeconds = 600
const tickMs = 1000
/**
 * Routes and targets listed in one second, and rows of all seconds of a history; 250 bytes each as JSON. Each second is
 * sent to every reader, and a history stays in memory until its reader has read it.
 */
export const maxListed = 200
export const maxHistoryRows = 60_000
/** Some 5 ms of JSON serialization. */
const rowsPerPart = 1500

/**
 * Live figures of every route and target: one entry per second, for the last ten minutes. Once a second this reads the
 * counts of all threads since the start and keeps the difference from the previous second.
 *
 * After a configuration change, names that remain keep their history; removed ones are gone from the next second on.
 */
export class Figures {
  readonly #options: FiguresOptions
  #cells: Cells | undefined
  #all: readonly Series<RouteCells, RouteSeries>[] = []
  /** Listed routes by name: those of the configuration, and others that had calls. */
  #routes = new Map<string, RouteSeries>()
  #targets = new Map<string, Series<TargetCells, TargetSeries>>()
  readonly #total = new RouteSeries(1, historySeconds)
  readonly #gauges: (Gauges & { readonly at: string })[] = []
  readonly #listeners = new Set<(figures: SecondFigures) => void>()
  readonly #stop: () => void
  /** Number of ended seconds. */
  #rows = 0

  constructor(options: FiguresOptions) {
    this.#options = options
    this.#follow()
    const { clock } = options
    let timer = clock.after(tickMs, () => tick())
    // Measured from the due time, so that late timers do not stretch the seconds.
    let dueMs = clock.now() + tickMs
    const tick = (): void => {
      const lateMs = clock.now() - dueMs
      dueMs = lateMs < tickMs ? dueMs + tickMs : clock.now() + tickMs
      timer = clock.after(dueMs - clock.now(), tick)
      this.#turn()
    }
    this.#stop = () => timer.cancel()
  }

  /** The latest ended second; zeros before the first. */
  latest(): SecondFigures {
    return this.#at(this.#rows - 1, true, this.#busiest(maxListed))
  }

  /**
   * The last seconds, oldest first, without routes and targets that were idle in a second. If there are too many, only
   * the busiest are listed.
   */
  history(seconds: number): readonly SecondFigures[] {
    return [...this.historyInParts(seconds)].flat()
  }

  /** The same in parts of some seconds, so that the caller can yield to other work in between. */
  *historyInParts(seconds: number): IterableIterator<readonly SecondFigures[]> {
    const end = this.#rows
    const first = Math.max(0, end - Math.min(seconds, historySeconds))
    const listed = Math.min(maxListed, Math.floor(maxHistoryRows / Math.max(1, end - first)))
    const busiest = this.#busiest(listed)
    const series = busiest.routes.length + busiest.targets.length
    const secondsPerPart = Math.max(1, Math.floor(rowsPerPart / Math.max(1, series)))
    for (let from = first; from < end; from += secondsPerPart) {
      const count = Math.min(secondsPerPart, end - from)
      yield Array.from({ length: count }, (_, i) => this.#at(from + i, false, busiest))
    }
  }

  /** Maximum number of rows of a history, to estimate its cost. */
  rowsOf(seconds: number): number {
    const count = Math.min(seconds, historySeconds, this.#rows)
    return Math.min(maxHistoryRows, count * Math.min(maxListed, this.#routes.size + this.#targets.size))
  }

  /** The current state; zeros for a target outside the configuration. */
  target(target: CountedTarget): TargetState {
    this.#follow()
    const found = this.#targets.get(targetKey(target))
    return found?.series.state(this.#options.counts, found.cells) ?? noState
  }

  /** Calls of a route shed since the start, by reason. */
  shed(route: string): Readonly<Record<ShedReason, number>> {
    const { counts } = this.#options
    const found = counts.cells.routes.find(({ name }) => name === route)
    const read = (reason: ShedReason): number =>
      found === undefined ? 0 : counts.read(found.shed + shedReasons.indexOf(reason))
    return {
      rate: read('rate'),
      full: read('full'),
      waited: read('waited'),
      displaced: read('displaced'),
      memory: read('memory'),
    }
  }

  /** Called at the end of each second. Figures are built only while there are listeners. */
  onSecond(listener: (figures: SecondFigures) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#stop()
    this.#listeners.clear()
  }

  #turn(): void {
    this.#follow()
    const row = this.#rows++
    const { counts } = this.#options
    for (const { series, cells } of this.#all) {
      series.turn(row, counts, cells)
      if (series.hasCounted) this.#routes.set(cells.name, series)
    }
    this.#total.turnSum(
      row,
      this.#all.map(({ series }) => series),
    )
    for (const { series, cells } of this.#targets.values()) series.turn(row, counts, cells)
    this.#gauges[row % historySeconds] = this.#look()
    if (this.#listeners.size === 0) return
    const figures = this.latest()
    for (const listener of this.#listeners) listener(figures)
  }

  /** Switches to the routes and targets of the configuration in force. */
  #follow(): void {
    const { cells } = this.#options.counts
    if (cells === this.#cells) return
    this.#cells = cells
    const before = new Map(this.#all.map(({ cells: { name }, series }) => [name, series]))
    this.#all = cells.routes.map((route) => ({
      cells: route,
      series: before.get(route.name) ?? new RouteSeries(windowSeconds, historySeconds),
    }))
    const isListed = ({ cells: route, series }: Series<RouteCells, RouteSeries>): boolean =>
      (route !== cells.none && route !== cells.pages) || series.hasCounted
    this.#routes = new Map(this.#all.filter(isListed).map(({ cells: { name }, series }) => [name, series]))
    const seriesOf = (target: TargetCells): TargetSeries =>
      this.#targets.get(target.key)?.series ?? new TargetSeries(target, windowSeconds, historySeconds)
    this.#targets = new Map(cells.targets.map((target) => [target.key, { cells: target, series: seriesOf(target) }]))
  }

  #look(): Gauges & { readonly at: string } {
    return { at: new Date(this.#options.clock.wallNow()).toISOString(), ...this.#options.gauges() }
  }

  #busiest(count: number): Busiest {
    const targets = new Map([...this.#targets].map(([key, { series }]) => [key, series]))
    return busiestOf(this.#routes, targets, count)
  }

  #at(row: number, isLatest: boolean, busiest: Busiest): SecondFigures {
    // Before the first second ends, every row is empty.
    const index = Math.max(0, row)
    const gauges = (row < 0 ? undefined : this.#gauges[row % historySeconds]) ?? this.#look()
    const routes: Record<string, CallFigures> = {}
    for (const [name, route] of busiest.routes) {
      if (isLatest || !route.isIdleAt(row)) routes[name] = route.at(index)
    }
    const targets: TargetFigures[] = []
    for (const target of busiest.targets) {
      if (isLatest || !target.isIdleAt(row)) targets.push(target.at(index))
    }
    const { leftOut } = busiest
    const figures = { ...gauges, total: this.#total.at(index), routes, targets }
    return leftOut === undefined ? figures : { ...figures, leftOut }
  }
}
