import { callbackVerdicts, waiterEnds } from '../metrics/catalogue.ts'
import { type Bounds, defaultBoundsMs } from './bounds.ts'
import { HistogramCells } from './histogram-cells.ts'
import { Layout } from './layout.ts'
import { type CountedRoute, RouteCells } from './route-cells.ts'
import { type CountedTarget, TargetCells } from './target-cells.ts'

/** Everything to count, derived from the configuration: plain data, equal in every thread. */
export interface CountedParts {
  readonly routes: readonly CountedRoute[]
  readonly targets: readonly CountedTarget[]
  /** Ascending, milliseconds. */
  readonly boundsMs?: readonly number[]
  /** Whether to count values that only the live figures use. */
  readonly live: boolean
}

/** Requests without a route, under the listener's name for them. */
export const noRoute = 'none'
/** The gateway's own pages: deliveries, tickets, metrics, the list of routes. */
export const ownPages = 'page'

/** All cells, in an order that depends on the configuration alone. */
export class Cells {
  readonly layout = new Layout()
  readonly bounds: Bounds
  /** Configured routes, plus `none` and `page`. */
  readonly routes: readonly RouteCells[]
  readonly none: RouteCells
  readonly pages: RouteCells
  /** Calls of routes that have left the configuration. Never shown. */
  readonly gone: RouteCells
  readonly targets: readonly TargetCells[]
  readonly waiterEnds: number
  readonly waiterDuration: HistogramCells
  readonly callbacks: number

  constructor({ routes, targets, boundsMs = defaultBoundsMs, live }: CountedParts) {
    const { layout } = this
    this.bounds = Float64Array.from(boundsMs)
    const layingOut = { layout, bounds: this.bounds, live }
    const cellsOf = (route: CountedRoute): RouteCells => new RouteCells(route, layingOut)
    this.none = cellsOf({ name: noRoute, strategy: noRoute })
    this.pages = cellsOf({ name: ownPages, strategy: ownPages })
    this.gone = cellsOf({ name: '', strategy: '' })
    this.routes = [...firstOfEachName(routes).map(cellsOf), this.none, this.pages]
    this.targets = targets.map((target) => new TargetCells(target, layingOut))
    this.waiterEnds = layout.counts('waiter ends', Object.keys(waiterEnds).length)
    this.waiterDuration = new HistogramCells(layout, 'waiters', this.bounds)
    this.callbacks = layout.counts('callbacks', Object.keys(callbackVerdicts).length)
  }
}

/** If several routes match the same requests, the first gets all calls. */
function firstOfEachName(routes: readonly CountedRoute[]): readonly CountedRoute[] {
  const seen = new Set<string>()
  return routes.filter(({ name }) => {
    const isFirst = !seen.has(name)
    seen.add(name)
    return isFirst
  })
}
