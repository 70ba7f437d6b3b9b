/** Places in a row that stand for one thing. */
interface Row {
  readonly first: number
  readonly width: number
}

/**
 * Hands out the places of a block of numbers, each for what its name says. All that the meaning of a number depends on
 * stands in the name: two layouts that have the same name mean the same by it, so that counts can be carried from one
 * to the other when the configuration changes.
 */
export class Layout {
  readonly #rows = new Map<string, Row>()
  readonly #levels: number[] = []
  #size = 0

  /** So many places in a row, for what only grows; answers the first. */
  counts(name: string, width = 1): number {
    if (this.#rows.has(name)) throw new Error(`${name} has its place already`)
    const first = this.#size
    this.#rows.set(name, { first, width })
    this.#size += width
    return first
  }

  /** One place for what goes up and down: it ends with the thread that it is of. */
  level(name: string): number {
    const place = this.counts(name)
    this.#levels.push(place)
    return place
  }

  get size(): number {
    return this.#size
  }

  get levels(): readonly number[] {
    return this.#levels
  }

  /** For each place the one that means the same in another layout; -1 where there is none. */
  placesIn(other: Layout): Int32Array {
    const places = new Int32Array(this.#size).fill(-1)
    for (const [name, { first, width }] of this.#rows) {
      const found = other.#rows.get(name)
      if (found === undefined || found.width !== width) continue
      for (let i = 0; i < width; i++) places[first + i] = found.first + i
    }
    return places
  }
}
