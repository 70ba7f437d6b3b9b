const shardCount = 256
const firstCapacity = 16

/**
 * A set of pairs of uniformly distributed 32-bit numbers. It never pauses to grow: it consists of 256 tables that grow
 * one by one, where a `Set` of a million entries takes 30 ms for one resize.
 */
export class NumberPairs {
  readonly #shards: (Int32Array | undefined)[] = []
  readonly #counts = new Int32Array(shardCount)

  /** Returns false if the pair is already in the set. */
  add(high: number, low: number): boolean {
    const shard = high >>> 24
    const table = this.#shards[shard] ?? new Int32Array(2 * firstCapacity)
    // Two zeros mark a free slot.
    const added = insert(table, high, low === 0 && high === 0 ? 1 : low)
    if (!added) return false
    const count = ((this.#counts[shard] as number) + 1) | 0
    this.#counts[shard] = count
    this.#shards[shard] = count * 4 >= table.length ? grown(table) : table
    return true
  }
}

function insert(table: Int32Array, high: number, low: number): boolean {
  const mask = table.length / 2 - 1
  let slot = low & mask
  for (;;) {
    const at = slot * 2
    const foundHigh = table[at] as number
    const foundLow = table[at + 1] as number
    if (foundHigh === 0 && foundLow === 0) {
      table[at] = high
      table[at + 1] = low
      return true
    }
    if (foundHigh === high && foundLow === low) return false
    slot = (slot + 1) & mask
  }
}

function grown(table: Int32Array): Int32Array {
  const larger = new Int32Array(table.length * 2)
  for (let at = 0; at < table.length; at += 2) {
    const high = table[at] as number
    const low = table[at + 1] as number
    if (high !== 0 || low !== 0) insert(larger, high, low)
  }
  return larger
}
