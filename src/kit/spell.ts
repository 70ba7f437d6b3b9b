/**
 * Distinguishes the first of several occurrences from those that follow, across all workers: for a single log line when
 * something fails with every call. Its state is one cell of their shared memory.
 */
export class Spell {
  readonly #cell: Int32Array
  readonly #quietMs: number

  /** `quietMs`: time without an occurrence after which the spell is over. */
  constructor(cell: Int32Array, quietMs: number) {
    this.#cell = cell
    this.#quietMs = quietMs
  }

  get isOn(): boolean {
    return Atomics.load(this.#cell, 0) !== 0
  }

  /** Records an occurrence; returns whether it starts a spell. */
  occurs(nowMs: number): boolean {
    return Atomics.exchange(this.#cell, 0, wholeSeconds(nowMs)) === 0
  }

  /** Ends the spell after `quietMs`; returns whether it did. Only one thread gets true. */
  endIfQuiet(nowMs: number): boolean {
    const last = Atomics.load(this.#cell, 0)
    if (last === 0 || (wholeSeconds(nowMs) - last) * 1000 < this.#quietMs) return false
    return Atomics.compareExchange(this.#cell, 0, last, 0) === last
  }
}

/** Starts at 1, as 0 means no spell. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) + 1
}
