import type { Attempt, AttemptOutcome, Target } from '../../core/attempt.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { bucketCount } from './buckets.ts'
import { busiestOf, type Chosen, type LeftOut } from './busiest.ts'
import { type CallFigures, RouteFigures, routeColumns } from './route-figures.ts'
import { TargetCounts, type TargetFigures, type TargetState } from './target-figures.ts'

/** What is looked at once a second rather than counted. */
export interface Gauges {
  readonly deliveries: { readonly pending: number; readonly dead: number } | undefined
  readonly waiters: number | undefined
  readonly process: { readonly memoryBytes: number; readonly loopDelayMs: number; readonly clientConnections: number }
}

/** What happened within a second. */
export interface SecondFigures extends Gauges {
  readonly at: string
  readonly total: CallFigures
  readonly routes: Readonly<Record<string, CallFigures>>
  readonly targets: readonly TargetFigures[]
  /** There where the gateway has more routes or targets than are told of one by one; `total` has them all. */
  readonly leftOut?: LeftOut
}

export interface FiguresOptions {
  readonly clock: Clock
  readonly events: EventBus
  readonly routes: readonly string[]
  readonly targets: readonly Target[]
  readonly gauges: () => Gauges
}

type Busiest = Chosen<RouteFigures, TargetCounts>

const windowSeconds = 10
export const historySeconds = 600
const tickMs = 1000
/**
 * Routes and targets of which one second tells one by one, and rows of all seconds of a history; 250 bytes each as JSON.
 * A second is sent to every reader every second, and a history is held in memory until its reader has taken it.
 */
export const maxListed = 200
export const maxHistoryRows = 60_000
/** Some 5 ms, turned into JSON. */
const rowsPerPart = 1500

/**
 * Live figures of every route and target, a second each, and those of the last ten minutes.
 *
 * An event is a lookup and a few increments in number arrays; nothing is allocated, and quantiles are worked out when a
 * second ends. Several workers are added up cell by cell: `totals` are counts since the start, `window.sum` are counts
 * in the same buckets everywhere, and in-flight calls are a difference of counts. So each worker can post these arrays
 * once a second, and whoever adds them up calls `summarize` on the sums, as is done here for the total of all routes;
 * of the gauges, memory and connections are added and the longest loop delay is kept.
 */
export class Figures {
  readonly #options: FiguresOptions
  readonly #routes = new Map<string, RouteFigures>()
  readonly #targets = new Map<Target, TargetCounts>()
  readonly #total = new RouteFigures(1, historySeconds)
  readonly #gauges: (Gauges & { readonly at: string })[] = []
  readonly #listeners = new Set<(figures: SecondFigures) => void>()
  readonly #stops: (() => void)[]
  /** Seconds that have ended. */
  #rows = 0

  constructor(options: FiguresOptions) {
    this.#options = options
    for (const name of options.routes) this.#addRoute(name)
    for (const target of options.targets) this.#addTarget(target)
    const { events, clock } = options
    this.#stops = [
      events.on('call.started', (_event, call) => this.#routeOf(call.route.name).started()),
      events.on('call.ended', ({ end }, call) => this.#routeOf(call.route.name).ended(call, end)),
      events.on('attempt.started', ({ attempt }) => this.#targetOf(attempt.target).started()),
      events.on('attempt.ended', ({ attempt }) => this.#attemptEnded(attempt)),
      events.on('attempt.broken', ({ attempt, was }) => this.#attemptBroken(attempt, was)),
    ]
    let timer = clock.after(tickMs, () => tick())
    // From when it was due, so that a second is a second though each timer is a little late.
    let dueMs = clock.now() + tickMs
    const tick = (): void => {
      const lateMs = clock.now() - dueMs
      dueMs = lateMs < tickMs ? dueMs + tickMs : clock.now() + tickMs
      timer = clock.after(dueMs - clock.now(), tick)
      this.#turn()
    }
    this.#stops.push(() => timer.cancel())
  }

  /** The second that ended last; zeros before the first has. */
  latest(): SecondFigures {
    return this.#at(this.#rows - 1, true, this.#busiest(maxListed))
  }

  /**
   * The last seconds, oldest first. What did nothing within a second is left out of it, and where there are very many
   * routes and targets all but the busiest are.
   */
  history(seconds: number): readonly SecondFigures[] {
    return [...this.historyInParts(seconds)].flat()
  }

  /** The same, some seconds at a time: whoever takes it can let others run in between. */
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

  /** How many rows a history may have: what it will cost. */
  rowsOf(seconds: number): number {
    const count = Math.min(seconds, historySeconds, this.#rows)
    return Math.min(maxHistoryRows, count * Math.min(maxListed, this.#routes.size + this.#targets.size))
  }

  target(target: Target): TargetState {
    return this.#targetOf(target).state()
  }

  /** Told of every second as it ends; the figures are only put together while somebody listens. */
  onSecond(listener: (figures: SecondFigures) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  #attemptEnded(attempt: Attempt): void {
    const counts = this.#targetOf(attempt.target)
    counts.ended(attempt)
    if (attempt.outcome === 'success' || attempt.outcome === 'cancelled') return
    const detail = attempt.detail ?? `It answered ${attempt.status}`
    counts.lastFailure = { atMs: this.#options.clock.wallNow(), detail }
  }

  #attemptBroken(attempt: Attempt, was: AttemptOutcome): void {
    const counts = this.#targetOf(attempt.target)
    if (attempt.outcome !== undefined) counts.corrected(was, attempt.outcome)
    counts.lastFailure = { atMs: this.#options.clock.wallNow(), detail: attempt.detail ?? 'Its answer broke off' }
  }

  #turn(): void {
    const row = this.#rows++
    const { totals, window } = this.#total
    totals.fill(0)
    window.sum.fill(0)
    window.total = 0
    for (const route of this.#routes.values()) {
      route.turn(row)
      for (let i = 0; i < routeColumns; i++) totals[i] = (totals[i] as number) + (route.totals[i] as number)
      if (route.window.total === 0) continue
      const { sum } = route.window
      for (let i = 0; i < bucketCount; i++) window.sum[i] = (window.sum[i] as number) + (sum[i] as number)
      window.total += route.window.total
    }
    this.#total.summarize(row)
    for (const target of this.#targets.values()) target.turn(row)
    this.#gauges[row % historySeconds] = this.#look()
    if (this.#listeners.size === 0) return
    const figures = this.latest()
    for (const listener of this.#listeners) listener(figures)
  }

  #look(): Gauges & { readonly at: string } {
    return { at: new Date(this.#options.clock.wallNow()).toISOString(), ...this.#options.gauges() }
  }

  #busiest(count: number): Busiest {
    return busiestOf(this.#routes, this.#targets, count)
  }

  #at(row: number, isLatest: boolean, busiest: Busiest): SecondFigures {
    // Before the first second has ended every row is empty.
    const place = Math.max(0, row)
    const { at, deliveries, waiters, process } =
      (row < 0 ? undefined : this.#gauges[row % historySeconds]) ?? this.#look()
    const routes: Record<string, CallFigures> = {}
    for (const [name, route] of busiest.routes) {
      if (isLatest || !route.isIdleAt(row)) routes[name] = route.at(place)
    }
    const targets: TargetFigures[] = []
    for (const target of busiest.targets) {
      if (isLatest || !target.isIdleAt(row)) targets.push(target.at(place))
    }
    const { leftOut } = busiest
    const figures = { at, total: this.#total.at(place), routes, targets, deliveries, waiters, process }
    return leftOut === undefined ? figures : { ...figures, leftOut }
  }

  #routeOf(name: string): RouteFigures {
    return this.#routes.get(name) ?? this.#addRoute(name)
  }

  #addRoute(name: string): RouteFigures {
    const figures = new RouteFigures(windowSeconds, historySeconds)
    this.#routes.set(name, figures)
    return figures
  }

  #targetOf(target: Target): TargetCounts {
    return this.#targets.get(target) ?? this.#addTarget(target)
  }

  #addTarget(target: Target): TargetCounts {
    const counts = new TargetCounts(target, windowSeconds, historySeconds)
    this.#targets.set(target, counts)
    return counts
  }
}
