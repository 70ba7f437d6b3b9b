/** Upper bounds of histogram buckets, ascending; larger values go into one extra bucket. */
export type Bounds = Float64Array

/**
 * Milliseconds, from a target next door to a deadline of 30 s. The steps of Prometheus' client libraries, plus 1 ms and
 * 2.5 ms for the gateway's overhead, and 30 s.
 */
export const defaultBoundsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const

/** Index of the first bound not less than the value; `bounds.length` if it exceeds all. */
export function bucketOf(bounds: Bounds, value: number): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value <= (bounds[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}
