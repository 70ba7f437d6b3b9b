/** Consecutive cells of one counter. */
interface Row {
  readonly first: number
  readonly width: number
}

/**
 * Allocates the named cells of a block. A name contains everything that the meaning of its number depends on: equal
 * names in two layouts mean the same, so that counts can be carried over when the configuration changes.
 */
export class Layout {
  readonly #rows = new Map<string, Row>()
  readonly #levels: number[] = []
  #size = 0

  /** Allocates `width` consecutive cells for counts that only grow; returns the first index. */
  counts(name: string, width = 1): number {
    if (this.#rows.has(name)) throw new Error(`${name} is allocated already`)
    const first = this.#size
    this.#rows.set(name, { first, width })
    this.#size += width
    return first
  }

  /** Allocates a cell for a value that goes up and down and is dropped when its thread ends. */
  level(name: string): number {
    const cell = this.counts(name)
    this.#levels.push(cell)
    return cell
  }

  get size(): number {
    return this.#size
  }

  get levels(): readonly number[] {
    return this.#levels
  }

  /** For each cell its index in another layout; -1 if it has none. */
  indexesIn(other: Layout): Int32Array {
    const indexes = new Int32Array(this.#size).fill(-1)
    for (const [name, { first, width }] of this.#rows) {
      const found = other.#rows.get(name)
      if (found === undefined || found.width !== width) continue
      for (let i = 0; i < width; i++) indexes[first + i] = found.first + i
    }
    return indexes
  }
}
