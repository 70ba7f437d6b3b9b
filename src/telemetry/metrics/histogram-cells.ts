import { type Bounds, bucketOf } from './buckets.ts'
import type { Layout } from './cells.ts'

/** One histogram: what fell into each bucket alone, and the sum of all values. */
export class HistogramCells {
  /** The first of its buckets; one more than there are bounds. */
  readonly buckets: number
  readonly sumMs: number

  constructor(layout: Layout, bucketCount: number) {
    this.buckets = layout.counts(bucketCount)
    this.sumMs = layout.counts(1)
  }
}

export function observe(values: Float64Array, { buckets, sumMs }: HistogramCells, bounds: Bounds, ms: number): void {
  add(values, buckets + bucketOf(bounds, ms), 1)
  add(values, sumMs, ms)
}

export function add(values: Float64Array, place: number, by: number): void {
  values[place] = (values[place] as number) + by
}
