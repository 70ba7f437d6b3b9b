import { type Attempt, attemptOutcomes, type Target } from '../../core/attempt.ts'
import type { Call, RouteFacts } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import { type Bounds, defaultBoundsMs } from './buckets.ts'
import { callbackVerdicts, extraKinds, failureLabels, statusClasses, waiterEnds } from './catalogue.ts'
import { type Cells, Layout, ownCells } from './cells.ts'
import { HistogramCells } from './histogram-cells.ts'
import { RouteCells } from './route-cells.ts'
import { TargetCells } from './target-cells.ts'

/** All label values, known from the configuration. */
export interface CountedParts {
  readonly routes: readonly { readonly name: string; readonly strategy: string }[]
  readonly targets: readonly Target[]
  /** Ascending, milliseconds. */
  readonly boundsMs?: readonly number[]
  /** Where to count: one thread's own block, if it is not said. */
  readonly cellsFor?: (layout: Layout) => Cells
}

/** Requests that no route serves, as the listener names them. */
export const noRoute = 'none'
/** The gateway's own pages: deliveries, tickets, metrics, the list of routes. */
export const ownPages = 'page'

/**
 * Every place at which something is counted, found by what the events carry: a route's facts and a target are objects
 * that live as long as the gateway, so one look into a map finds all places of theirs. That costs 8 ns; a key put
 * together of route and outcome would cost 60 (`bench/micro/metrics.ts`).
 */
export class Counting {
  readonly cells: Cells
  readonly bounds: Bounds
  readonly routes: readonly RouteCells[]
  readonly targets: readonly TargetCells[]
  readonly waiterEnds: number
  readonly waiterDuration: HistogramCells
  readonly callbacks: number
  readonly #byFacts = new Map<RouteFacts, RouteCells>()
  readonly #byName: ReadonlyMap<string, RouteCells>
  readonly #pages: RouteCells
  readonly #byTarget: ReadonlyMap<Target, TargetCells>

  constructor({ routes, targets, boundsMs = defaultBoundsMs, cellsFor = ownCells }: CountedParts) {
    const layout = new Layout()
    this.bounds = Float64Array.from(boundsMs)
    const bucketCount = this.bounds.length + 1
    const all = [...routes, { name: noRoute, strategy: noRoute }]
    this.#pages = new RouteCells(ownPages, ownPages, layout, bucketCount)
    this.routes = [...all.map(({ name, strategy }) => new RouteCells(name, strategy, layout, bucketCount)), this.#pages]
    this.targets = targets.map(({ upstream, name }) => new TargetCells(upstream, name, layout, bucketCount))
    this.waiterEnds = layout.counts(Object.keys(waiterEnds).length)
    this.waiterDuration = new HistogramCells(layout, bucketCount)
    this.callbacks = layout.counts(Object.keys(callbackVerdicts).length)
    this.#byName = new Map(this.routes.map((cells) => [cells.name, cells]))
    this.#byTarget = new Map(targets.map((target, place) => [target, this.targets[place] as TargetCells]))
    this.cells = cellsFor(layout)
  }

  route({ route }: Call): RouteCells {
    return this.#byFacts.get(route) ?? this.#meet(route)
  }

  /** A target that the configuration does not have is none of ours. */
  target({ target }: Attempt): TargetCells | undefined {
    return this.#byTarget.get(target)
  }

  /** A route's facts, the first time that they come by. */
  #meet(facts: RouteFacts): RouteCells {
    const cells = this.#byName.get(facts.name) ?? this.#pages
    // Facts that are made anew for each call must not fill the map: there is room for one of each route and page.
    if (this.#byFacts.size < 2 * this.routes.length) this.#byFacts.set(facts, cells)
    return cells
  }
}

/** Which of a route's cells for calls counts this end. */
export function callPlace({ status, failure }: CallEnd): number {
  const statusClass = status >= 200 && status < 300 ? 0 : otherClass(status)
  return statusClass * failureLabels.length + (failure === undefined ? 0 : failureLabels.indexOf(failure.code))
}

/** Success is the first of them. */
export function outcomePlace({ outcome }: Attempt): number {
  return outcome === 'success' ? 0 : attemptOutcomes.indexOf(outcome ?? 'cancelled')
}

/** Which kind of extra load an attempt is; -1: none. */
export function extraPlace({ number, kind }: Attempt): number {
  return number === 1 || kind === 'first' ? -1 : extraKinds.indexOf(kind)
}

function otherClass(status: number): number {
  const name = `${Math.floor(status / 100)}xx`
  const place = statusClasses.findIndex((one) => one === name)
  return place < 0 ? statusClasses.indexOf('none') : place
}
