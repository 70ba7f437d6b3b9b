/**
 * Where counts are kept: one block of numbers. Every series gets its places at the start, in an order that follows from
 * the configuration alone, and whoever counts does `values[place]++` and nothing else.
 *
 * Several worker threads: each lays out the same block, as all have the same configuration, over its own stretch of one
 * `SharedArrayBuffer`, `own = new Float64Array(shared, worker * size * 8, size)`. A place has one writer, so that no
 * atomic operation is needed, and an aligned number of 64 bits is read whole. Whoever renders gives `read` as the sum of
 * a place over all stretches. When a worker has died its stretch goes on counting for the next one, but for levels
 * (what is in flight), which end with their worker: `endLevels` sets those to zero.
 */
export interface Cells {
  /** This thread's; to be written only through places that were allotted. */
  readonly values: Float64Array
  /** Of all threads. */
  read(place: number): number
}

/** Hands out places, before the first is written. */
export class Layout {
  #size = 0
  readonly #levels: number[] = []

  /** So many places in a row, for what only grows; answers the first. */
  counts(count: number): number {
    const first = this.#size
    this.#size += count
    return first
  }

  /** For what goes up and down. */
  levels(count: number): number {
    const first = this.counts(count)
    for (let place = first; place < first + count; place++) this.#levels.push(place)
    return first
  }

  get size(): number {
    return this.#size
  }

  endLevels(values: Float64Array): void {
    for (const place of this.#levels) values[place] = 0
  }
}

/** For one thread. */
export function ownCells({ size }: Layout): Cells {
  const values = new Float64Array(size)
  return { values, read: (place) => values[place] ?? 0 }
}
