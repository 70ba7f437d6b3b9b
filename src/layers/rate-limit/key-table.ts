import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { Gcra, GcraVerdict } from './gcra.ts'

/**
 * The states of many keys in fixed-size memory shared by all workers: sets of eight slots, and each key in the set that
 * its hash selects. There are no locks; each change is one compare-and-exchange.
 *
 * - A new key takes a slot whose bucket is full again, which had nothing to remember.
 * - If all eight slots are in use, it shares the slot with the least use, and that use counts against it. Many
 *   different keys do not lift the limit: all keys together never get more than the number of slots times the
 *   limit. The price: while more than `maxKeys` are busy at a time, a new key may be refused, if all eight keys of its
 *   set have used up their burst.
 * - Two keys in one set are confused if 32 bits of their hashes are equal: 8 in 2^32 for each new key of a full table.
 *   The hash seed is drawn again at each start, so that no client can choose whose slot to share.
 */
const ways = 8
const tagThen = 2
const firstSet = 16

export class KeyTable {
  readonly #cells: Int32Array
  readonly #sets: number
  readonly #gcra: Gcra

  constructor(gcra: Gcra, maxKeys: number, memory: MemoryScope, seed: () => number) {
    this.#gcra = gcra
    this.#sets = 2 ** Math.ceil(Math.log2(Math.max(1, maxKeys / ways)))
    this.#cells = memory.cells('keys', firstSet + this.#sets * ways * tagThen)
    // The first worker draws the seed for all.
    Atomics.compareExchange(this.#cells, 0, 0, Math.floor(seed() * 2 ** 32) | 0 || 1)
  }

  take(key: string, nowMs: number): GcraVerdict {
    const gcra = this.#gcra
    const now = gcra.ticksAt(nowMs)
    const cell = this.#cellOf(key, now)
    const cells = this.#cells
    for (;;) {
      const state = Atomics.load(cells, cell + 1)
      const verdict = gcra.judge(state, now)
      if (!verdict.isAdmitted || Atomics.compareExchange(cells, cell + 1, state, verdict.state) === state)
        return verdict
    }
  }

  #cellOf(key: string, now: number): number {
    const cells = this.#cells
    const { tag, set } = this.#hash(key)
    const first = firstSet + set * ways * tagThen
    const end = first + ways * tagThen
    for (;;) {
      let idle = -1
      let idleTag = 0
      let least = first
      let leastUsed = Number.POSITIVE_INFINITY
      for (let cell = first; cell < end; cell += tagThen) {
        const found = Atomics.load(cells, cell)
        if (found === tag) return cell
        const used = this.#gcra.used(Atomics.load(cells, cell + 1), now)
        if (used === 0 && idle < 0) {
          idle = cell
          idleTag = found
        }
        if (used < leastUsed) {
          least = cell
          leastUsed = used
        }
      }
      if (idle < 0) return least
      // Then look it up again from the front: another thread may have put the same key into an earlier slot meanwhile.
      Atomics.compareExchange(cells, idle, idleTag, tag)
    }
  }

  /** Two hashes in one pass: the set, and the tag of the key in that set. */
  #hash(key: string): { readonly tag: number; readonly set: number } {
    const seed = Atomics.load(this.#cells, 0)
    let a = seed ^ 0x5bd1e995
    let b = Math.imul(seed, 0x27d4eb2f) ^ key.length
    for (let i = 0; i < key.length; i++) {
      const sign = key.charCodeAt(i)
      a = Math.imul(a ^ sign, 0x01000193)
      a ^= a >>> 15
      b = Math.imul((b << 5) ^ (b >>> 27) ^ sign, 0x2c1b3c6d)
    }
    a = Math.imul(a ^ (a >>> 16), 0x7feb352d)
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b)
    a ^= a >>> 15
    b ^= b >>> 16
    return { tag: a === 0 ? 1 : a, set: (b >>> 0) & (this.#sets - 1) }
  }
}
