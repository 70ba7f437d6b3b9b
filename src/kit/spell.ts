/**
 * Tells the first of several occurrences from those that follow it, in all workers: for one line of the log where
 * something fails with every call. It stands in a cell of their shared memory.
 */
export class Spell {
  readonly #cell: Int32Array
  readonly #quietMs: number

  /** `quietMs`: how long it must not occur before it counts as over. */
  constructor(cell: Int32Array, quietMs: number) {
    this.#cell = cell
    this.#quietMs = quietMs
  }

  get isOn(): boolean {
    return Atomics.load(this.#cell, 0) !== 0
  }

  /** It has occurred; answers whether a spell begins with it. */
  occurs(nowMs: number): boolean {
    return Atomics.exchange(this.#cell, 0, wholeSeconds(nowMs)) === 0
  }

  /** Ends the spell if it has been quiet for long enough; answers whether it did. One thread alone hears yes. */
  endIfQuiet(nowMs: number): boolean {
    const last = Atomics.load(this.#cell, 0)
    if (last === 0 || (wholeSeconds(nowMs) - last) * 1000 < this.#quietMs) return false
    return Atomics.compareExchange(this.#cell, 0, last, 0) === last
  }
}

/** From 1 on, as 0 stands for no spell. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) + 1
}
