import { attemptOutcomes } from '../../core/attempt.ts'
import { noRoute, ownPages } from '../counts/cells.ts'
import type { Counts } from '../counts/counts.ts'
import type { HistogramCells } from '../counts/histogram-cells.ts'
import type { RouteCells } from '../counts/route-cells.ts'
import type { TargetCells } from '../counts/target-cells.ts'
import { failureLabels, statusClasses } from './catalogue.ts'
import { histogramSamples } from './histogram-samples.ts'
import type { Collect } from './reading.ts'
import { type Labels, type Read, rowOf, type Sample } from './sample.ts'

/**
 * Metrics from counts. A series is exported at 0 from the start, so that its first increase is visible.
 * Series that do not apply to a route (hedges of a forward) would be hundreds of zeros, so they appear once they count.
 */

/** Whether a route can increase this count. */
export type Expected = (route: RouteCells) => boolean

const always: Expected = () => true
/** Exported only once it has counted. */
export const never: Expected = () => false

export function byRoute(cell: (route: RouteCells) => number, expected: Expected = always): Collect {
  return ({ counts }) =>
    counts.cells.routes
      .map((route) => ({ route, value: counts.read(cell(route)) }))
      .filter(({ route, value }) => value !== 0 || expected(route))
      .map(({ route, value }) => ({ labels: { route: route.name }, value }))
}

export function byRouteAnd(
  label: string,
  values: readonly string[],
  first: (route: RouteCells) => number,
  expected: (route: RouteCells, value: string) => boolean,
): Collect {
  return ({ counts }) =>
    counts.cells.routes.flatMap((route) =>
      rowOf({ route: route.name }, label, values, {
        read: reader(counts),
        first: first(route),
        expected: (value) => expected(route, value),
      }),
    )
}

export function histogramByRoute(cells: (route: RouteCells) => HistogramCells): Collect {
  return ({ counts }) =>
    counts.cells.routes.flatMap((route) =>
      histogramSamples({ route: route.name }, cells(route), counts.cells.bounds, reader(counts)),
    )
}

/** The combinations of status and failure that occurred, and good answers. */
export const calls: Collect = ({ counts }) =>
  counts.cells.routes.flatMap((route) =>
    statusClasses.flatMap((status, index) =>
      rowOf({ route: route.name, status }, 'failure', failureLabels, {
        read: reader(counts),
        first: route.calls + index * failureLabels.length,
        expected: (failure) => index === 0 && failure === 'none',
      }),
    ),
  )

export function byTarget(cell: (target: TargetCells) => number): Collect {
  return ({ counts }) =>
    counts.cells.targets.map((target) => ({ labels: labelsOf(target), value: counts.read(cell(target)) }))
}

export const attempts: Collect = ({ counts }) =>
  counts.cells.targets.flatMap((target) =>
    rowOf(labelsOf(target), 'outcome', attemptOutcomes, { read: reader(counts), first: target.attempts }),
  )

export const attemptDurations: Collect = ({ counts }) =>
  counts.cells.targets.flatMap((target) => [
    ...durations(counts, { ...labelsOf(target), end: 'ended' }, target.duration),
    ...onceCounted(durations(counts, { ...labelsOf(target), end: 'cancelled' }, target.cancelledDuration)),
  ])

function durations(counts: Counts, labels: Labels, cells: HistogramCells): readonly Sample[] {
  return histogramSamples(labels, cells, counts.cells.bounds, reader(counts))
}

/** Omits empty histograms: cancelled durations of targets that never had a cancelled attempt. */
function onceCounted(samples: readonly Sample[]): readonly Sample[] {
  return samples.some(({ value }) => value > 0) ? samples : []
}

/** One sample for each value of the label, without a route. */
export function row(counts: Counts, label: string, values: readonly string[], first: number): readonly Sample[] {
  return rowOf({}, label, values, { read: reader(counts), first })
}

export const hedges: Expected = ({ strategy }) => strategy === 'hedge'
export const broadcasts: Expected = ({ strategy }) => strategy === 'broadcast'

/** Strategies that can retry. */
export const retries: Expected = ({ strategy }) => ![noRoute, ownPages, 'broadcast'].includes(strategy)

export function extraLoad(route: RouteCells, kind: string): boolean {
  if (kind === 'retry') return retries(route)
  return kind === 'hedge' ? hedges(route) : ['first', 'all', 'quorum'].includes(route.strategy)
}

function labelsOf({ upstream, target }: TargetCells) {
  return { upstream, target }
}

export function reader(counts: Counts): Read {
  return (cell) => counts.read(cell)
}
