/** Upper bounds of a histogram's buckets, ascending; what is above the last goes into one more. */
export type Bounds = Float64Array

/**
 * Milliseconds: from a target next door to a deadline of 30 s. The steps are those of Prometheus' client libraries, with
 * 1 ms and 2.5 ms for what a gateway adds, and 30 s.
 */
export const defaultBoundsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const

/** The place of the first bound that the value does not exceed; `bounds.length` if it is above all. */
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
