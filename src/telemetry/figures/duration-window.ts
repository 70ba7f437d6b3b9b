import type { Counts } from '../counts/counts.ts'
import { bucketCount } from './buckets.ts'
import { SlidingHistogram } from './sliding-histogram.ts'

/** Scratch row for one reading. */
const row = new Float64Array(bucketCount)

/** Turns buckets that count since the start into counts since the previous reading. */
export class DurationWindow extends SlidingHistogram {
  readonly #before = new Float64Array(bucketCount)
  #isQuiet = false

  /** `first`: index of the first bucket. `hasEnded`: whether anything has ended since the previous reading. */
  take(counts: Counts, first: number, hasEnded: boolean): void {
    // Another thread may have counted an end but not yet its duration: one more reading finds it.
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

  /** The counts restart at zero. */
  startOver(): void {
    this.#before.fill(0)
  }
}
