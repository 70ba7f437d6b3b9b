import { type Table, times, us, whole } from './format.ts'
import type { ScalingRow, WorkersResult, WorkersRow } from './results.ts'
import { median } from './statistics.ts'

/** Results of the program that Hedgerow replaces, by number of workers, each with one request at a time. */
export const originalPerSecond: Readonly<Record<number, string>> = { 1: '2.3 to 2.5', 4: '6.2 to 7.3' }

export function workersTable(rows: readonly WorkersRow[]): Table {
  return {
    head: ['calls / at once', 'workers', 'requests/s', 'completed', 'failed', 'the original, requests/s'],
    rows: rows.map(({ workers, calls, concurrency, completed, failed, requestsPerSecond }) => [
      `${calls} / ${concurrency}`,
      String(workers),
      requestsPerSecond < 100 ? requestsPerSecond.toFixed(1) : whole(requestsPerSecond),
      whole(completed),
      whole(failed),
      originalPerSecond[workers] ?? '',
    ]),
  }
}

export function scalingTable({ scaling }: Pick<WorkersResult, 'scaling'>): Table {
  const [first] = scaling
  return {
    head: ['workers', 'requests/s', 'times one worker', 'CPU per request', 'times one worker'],
    rows: scaling.map((row) => [
      String(row.workers),
      whole(median(row.requestsPerSecond)),
      times(first ? ratioOf(row, first, 'requestsPerSecond') : Number.NaN),
      us(median(row.cpuUs)),
      times(first ? ratioOf(row, first, 'cpuUs') : Number.NaN),
    ]),
  }
}

/** The median of the ratios within each round. */
export function ratioOf(one: ScalingRow, other: ScalingRow, key: 'cpuUs' | 'requestsPerSecond'): number {
  return median(one[key].map((value, round) => value / (other[key][round] as number)))
}
