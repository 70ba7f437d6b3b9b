import { type MemoryScope, SharedMemory } from './shared-memory.ts'

/**
 * Quantiles over the most recent samples of all workers: a ring of them, sorted anew after every few. Exact for the samples it
 * holds; to sort 512 numbers takes about 20 us, paid once in 32 samples by each worker.
 */
export interface QuantileOptions {
  /** How many of the most recent samples count. */
  readonly capacity: number
  /** After how many new samples the sorted copy is made anew. */
  readonly refreshEvery: number
}

const foldAt = 2 ** 30

export class RecentQuantiles {
  readonly #samples: Float64Array
  /** How many were added by all. */
  readonly #added: Int32Array
  readonly #refreshEvery: number
  #sorted: Float64Array = new Float64Array(0)
  #sortedAt = 0

  constructor(
    memory: MemoryScope = new SharedMemory(),
    options: QuantileOptions = { capacity: 512, refreshEvery: 32 },
  ) {
    this.#samples = memory.numbers('samples', options.capacity)
    this.#added = memory.cells('samples', 1)
    this.#refreshEvery = options.refreshEvery
  }

  /** How many samples are held. */
  get size(): number {
    return Math.min(this.#count, this.#samples.length)
  }

  add(sample: number): void {
    const { length } = this.#samples
    const place = Atomics.add(this.#added, 0, 1)
    this.#samples[place % length] = sample
    // Of the 2^31 that the count can hold it never comes to more than half; the places go on where they were.
    if (place === foldAt) Atomics.sub(this.#added, 0, foldAt - (foldAt % length) - length)
  }

  /** The smallest sample that at least `share` (0 to 1) of them do not exceed; undefined without samples. */
  at(share: number): number | undefined {
    const added = this.#count
    if (added === 0) return undefined
    const isOld = added < this.#sortedAt || added - this.#sortedAt >= this.#refreshEvery
    if (this.#sorted.length === 0 || isOld) {
      this.#sorted = this.#samples.slice(0, this.size).sort()
      this.#sortedAt = added
    }
    // 0.07 x 100 is 7.000000000000001, and yet the rank is 7.
    const rank = Math.ceil(share * this.#sorted.length - 1e-9)
    return this.#sorted[Math.min(this.#sorted.length, Math.max(1, rank)) - 1]
  }

  get #count(): number {
    return Atomics.load(this.#added, 0)
  }
}
