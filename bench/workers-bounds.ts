import { verdict } from './bounds.ts'
import type { ScalingRow, Verdict, WorkersRow } from './kit/results.ts'
import { median } from './kit/statistics.ts'
import { ratioOf } from './kit/workers-tables.ts'

/** With fewer cores, load and gateway share them, and throughput does not grow. */
export const coresToScale = 4

export function judgeTable(rows: readonly WorkersRow[]): readonly Verdict[] {
  const counts = Array.from(new Set(rows.map(({ workers }) => workers)))
  return counts.flatMap((workers) => {
    const own = rows.filter((row) => row.workers === workers)
    const missing = own.reduce((sum, { failed }) => sum + failed, 0)
    const name = workers === 1 ? '1 worker' : `${workers} workers`
    return [
      verdict(`${name}: calls without a good answer`, missing, { atMost: 0 }),
      verdict(`${name}: steps at which more calls at once gave no more requests/s`, stepsBack(own), { atMost: 0 }),
    ]
  })
}

export function judgeScaling(rows: readonly ScalingRow[], isApart: boolean): readonly Verdict[] {
  const [one, two] = rows
  if (one === undefined || two === undefined || !isApart) return []
  return [verdict('2 workers: requests/s, times 1 worker', ratioOf(two, one, 'requestsPerSecond'), { atLeast: 1.7 })]
}

/** Estimated throughput of two workers with their own cores, from the CPU per request, relative to one worker. */
export function scalingByCpu(rows: readonly ScalingRow[]): number {
  const [one, two] = rows
  return one === undefined || two === undefined ? Number.NaN : 2 / ratioOf(two, one, 'cpuUs')
}

function stepsBack(rows: readonly WorkersRow[]): number {
  const concurrencies = Array.from(new Set(rows.map(({ concurrency }) => concurrency))).toSorted((a, b) => a - b)
  const rates = concurrencies.map((concurrency) =>
    median(rows.filter((row) => row.concurrency === concurrency).map(({ requestsPerSecond }) => requestsPerSecond)),
  )
  return rates.filter((rate, place) => place > 0 && rate <= (rates[place - 1] as number)).length
}
