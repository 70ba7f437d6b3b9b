import { attemptOutcomes } from '../../core/attempt.ts'
import { failureLabels, statusClasses } from './catalogue.ts'
import { type Counting, noRoute, ownPages } from './counting.ts'
import type { HistogramCells } from './histogram-cells.ts'
import { histogramSamples } from './histogram-samples.ts'
import type { Collect } from './reading.ts'
import type { RouteCells } from './route-cells.ts'
import { type Read, rowOf, type Sample } from './sample.ts'
import type { TargetCells } from './target-cells.ts'

/**
 * Metrics of what is counted in cells. A series stands there with 0 from the start, so that its first increase is seen;
 * but what a route never does (hedges of a forward) would be hundreds of empty lines, and comes once it has counted.
 */

/** Whether a route may do what is counted. */
export type Expected = (route: RouteCells) => boolean

const always: Expected = () => true

export function byRoute(place: (route: RouteCells) => number, expected: Expected = always): Collect {
  return ({ counting }) =>
    counting.routes
      .map((route) => ({ route, value: counting.cells.read(place(route)) }))
      .filter(({ route, value }) => value !== 0 || expected(route))
      .map(({ route, value }) => ({ labels: { route: route.name }, value }))
}

export function byRouteAnd(
  label: string,
  values: readonly string[],
  first: (route: RouteCells) => number,
  expected: (route: RouteCells, value: string) => boolean,
): Collect {
  return ({ counting }) =>
    counting.routes.flatMap((route) =>
      rowOf({ route: route.name }, label, values, {
        read: reader(counting),
        first: first(route),
        expected: (value) => expected(route, value),
      }),
    )
}

export function histogramByRoute(cells: (route: RouteCells) => HistogramCells): Collect {
  return ({ counting }) =>
    counting.routes.flatMap((route) =>
      histogramSamples({ route: route.name }, cells(route), counting.bounds, reader(counting)),
    )
}

/** Of all combinations of status and failure those that there were, and the good answers. */
export const calls: Collect = ({ counting }) =>
  counting.routes.flatMap((route) =>
    statusClasses.flatMap((status, place) =>
      rowOf({ route: route.name, status }, 'failure', failureLabels, {
        read: reader(counting),
        first: route.calls + place * failureLabels.length,
        expected: (failure) => place === 0 && failure === 'none',
      }),
    ),
  )

export function byTarget(place: (target: TargetCells) => number): Collect {
  return ({ counting }) =>
    counting.targets.map((target) => ({ labels: labelsOf(target), value: counting.cells.read(place(target)) }))
}

export const attempts: Collect = ({ counting }) =>
  counting.targets.flatMap((target) =>
    rowOf(labelsOf(target), 'outcome', attemptOutcomes, { read: reader(counting), first: target.attempts }),
  )

export const attemptDurations: Collect = ({ counting }) =>
  counting.targets.flatMap((target) =>
    histogramSamples(labelsOf(target), target.duration, counting.bounds, reader(counting)),
  )

/** Without a route, one for each value of the label. */
export function row(counting: Counting, label: string, values: readonly string[], first: number): readonly Sample[] {
  return rowOf({}, label, values, { read: reader(counting), first })
}

export const hedges: Expected = ({ strategy }) => strategy === 'hedge'
export const broadcasts: Expected = ({ strategy }) => strategy === 'broadcast'

/** What makes attempts that can be tried again. */
export const retries: Expected = ({ strategy }) => ![noRoute, ownPages, 'broadcast'].includes(strategy)

export function extraLoad(route: RouteCells, kind: string): boolean {
  if (kind === 'retry') return retries(route)
  return kind === 'hedge' ? hedges(route) : ['first', 'all', 'quorum'].includes(route.strategy)
}

function labelsOf({ upstream, target }: TargetCells) {
  return { upstream, target }
}

function reader({ cells }: Counting): Read {
  return (place) => cells.read(place)
}
