import { type Bounds, bucketOf } from './bounds.ts'
import type { Layout } from './layout.ts'

/** One histogram: a non-cumulative count for each bucket, and the sum of all values. */
export class HistogramCells {
  /** Index of the first bucket; there is one bucket more than bounds. */
  readonly buckets: number
  /** In microseconds, because values are read as whole numbers: see `Blocks`. */
  readonly sumUs: number

  /** Other bounds make it another histogram. */
  constructor(layout: Layout, name: string, bounds: Bounds) {
    this.buckets = layout.counts(`${name} within ${bounds.join()}`, bounds.length + 1)
    this.sumUs = layout.counts(`${name} sum, by ${bounds.join()}`)
  }
}

export function observe(values: Float64Array, { buckets, sumUs }: HistogramCells, bounds: Bounds, ms: number): void {
  add(values, buckets + bucketOf(bounds, ms), 1)
  add(values, sumUs, ms * 1000)
}

export function add(values: Float64Array, cell: number, by: number): void {
  values[cell] = (values[cell] as number) + by
}
