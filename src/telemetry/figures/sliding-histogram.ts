import { bucketCount, quantileMs } from './buckets.ts'

/**
 * Durations of the last `sliceCount` time slices. Adding is one addition; values that leave the window are subtracted
 * from the sum when the slice turns.
 */
export class SlidingHistogram {
  /** Counts of the last whole slices. */
  readonly sum = new Float64Array(bucketCount)
  total = 0
  readonly #slices: readonly Uint32Array[]
  readonly #sizes: Float64Array
  #index = 0
  #current: Uint32Array

  constructor(sliceCount: number) {
    // Plus the one being filled.
    this.#slices = Array.from({ length: sliceCount + 1 }, () => new Uint32Array(bucketCount))
    this.#sizes = new Float64Array(sliceCount + 1)
    this.#current = this.#slices[0] as Uint32Array
  }

  add(bucket: number, count: number): void {
    this.#current[bucket] = (this.#current[bucket] as number) + count
  }

  /** Adds the filled slice to the sum, subtracts the oldest one and fills that next. */
  turn(into?: SlidingHistogram): void {
    const { sum } = this
    const current = this.#current
    let size = 0
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const count = current[bucket] as number
      if (count === 0) continue
      size += count
      sum[bucket] = (sum[bucket] as number) + count
      if (into !== undefined) into.#current[bucket] = (into.#current[bucket] as number) + count
    }
    this.#sizes[this.#index] = size
    this.#index = (this.#index + 1) % this.#slices.length
    this.#current = this.#slices[this.#index] as Uint32Array
    this.total += size - this.#empty()
  }

  /** Over whole slices only. */
  quantileMs(share: number): number | undefined {
    return quantileMs(this.sum, this.total, share)
  }

  /** Clears the oldest slice; returns how many durations it held. */
  #empty(): number {
    const size = this.#sizes[this.#index] as number
    if (size === 0) return 0
    const oldest = this.#current
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      this.sum[bucket] = (this.sum[bucket] as number) - (oldest[bucket] as number)
    }
    oldest.fill(0)
    this.#sizes[this.#index] = 0
    return size
  }
}
