import { createHistogram } from 'node:perf_hooks'

/** Quantiles of the time that requests took. */
export interface Quantiles {
  readonly count: number
  readonly minMs: number
  readonly meanMs: number
  readonly maxMs: number
  readonly p50Ms: number
  readonly p75Ms: number
  readonly p90Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly p9999Ms: number
}

export interface CurvePoint {
  /** 0 to 100. */
  readonly percentile: number
  readonly ms: number
}

const longestUs = 3_600_000_000

/** An HDR histogram in microseconds, to three digits, up to an hour. Takes 184 KiB, however long the run. */
export class FineHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: longestUs, figures: 3 })
  // Kept here, as the histogram rounds its minimum to its buckets.
  #minUs = longestUs
  #maxUs = 0
  #sumUs = 0

  record(ms: number): void {
    const us = Math.min(longestUs, Math.max(0, Math.round(ms * 1000)))
    // The histogram rejects zero; the minimum below keeps it.
    this.#histogram.record(Math.max(1, us))
    this.#minUs = Math.min(this.#minUs, us)
    this.#maxUs = Math.max(this.#maxUs, us)
    this.#sumUs += us
  }

  get count(): number {
    return this.#histogram.count
  }

  /** Undefined while it is empty. */
  quantiles(): Quantiles | undefined {
    if (this.count === 0) return undefined
    return {
      count: this.count,
      minMs: this.#minUs / 1000,
      meanMs: this.#sumUs / this.count / 1000,
      maxMs: this.#maxUs / 1000,
      p50Ms: this.#atMs(50),
      p75Ms: this.#atMs(75),
      p90Ms: this.#atMs(90),
      p95Ms: this.#atMs(95),
      p99Ms: this.#atMs(99),
      p999Ms: this.#atMs(99.9),
      p9999Ms: this.#atMs(99.99),
    }
  }

  /** From the fastest to the slowest, in ever finer steps towards the end, as far as the count allows. */
  curve(): readonly CurvePoint[] {
    if (this.count === 0) return []
    const points: CurvePoint[] = [{ percentile: 0, ms: this.#minUs / 1000 }]
    // Ten points per factor of ten of the remaining share: 0 to 90, 90 to 99, 99 to 99.9 and so on.
    const limit = Math.log10(this.count)
    for (let step = 1; step / 10 < limit; step++) {
      const percentile = 100 * (1 - 10 ** (-step / 10))
      points.push({ percentile, ms: this.#atMs(percentile) })
    }
    points.push({ percentile: 100, ms: this.#maxUs / 1000 })
    return points
  }

  /** The request at this share, rounded up to a whole request: the histogram itself rounds to the nearest. */
  #atMs(percentile: number): number {
    const rank = Math.max(1, Math.ceil((percentile * this.count) / 100))
    return Math.min(this.#maxUs, this.#histogram.percentile((100 * rank) / this.count)) / 1000
  }
}
