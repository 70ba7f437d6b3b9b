import type { Counts } from '../counts/counts.ts'
import { bucketCount } from './buckets.ts'
import { SlidingHistogram } from './sliding-histogram.ts'

/** Of one look. */
const row = new Float64Array(bucketCount)

/** What has come since the last look into buckets that count since the start. */
export class DurationWindow extends SlidingHistogram {
  readonly #before = new Float64Array(bucketCount)
  #isQuiet = false

  /** `first`: of the buckets. `hasEnded`: whether anything has ended since the last look. */
  take(counts: Counts, first: number, hasEnded: boolean): void {
    // Another thread may have counted an end and not yet its duration: one more look finds it.
    const wasQuiet = this.#isQuiet
    this.#isQuiet = !hasEnded
    if (this.#isQuiet && wasQuiet) return
    counts.readRow(first, row)
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const now = row[bucket] as number
      const before = this.#before[bucket] as number
      if (now === before) continue
      this.add(bucket, now - before)
      this.#before[bucket] = now
    }
  }

  /** The counts begin at zero again. */
  startOver(): void {
    this.#before.fill(0)
  }
}
