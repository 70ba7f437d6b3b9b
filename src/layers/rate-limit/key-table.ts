import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { Gcra, GcraVerdict } from './gcra.ts'

/**
 * The states of many keys in memory of a fixed size that all workers see: sets of eight places, a key in the set that its
 * hash says. Nothing is locked; each change is one compare-and-exchange.
 *
 * - A key that is not there takes a place whose bucket is full again: that one had nothing to remember.
 * - Where all eight are in use it shares the place of the one that has used least, and what that one has used counts for
 *   it. So nobody gets through unlimited by coming as many: all keys together never get more than the places times the
 *   limit. The price: while more than `maxKeys` are busy at a time, a stranger may be refused, if all eight keys that
 *   share its set have used up their burst.
 * - Two keys in one set are taken for one if 32 bits of their hashes are alike: 8 in 2^32 for each new key of a full table.
 *   What the hashes begin with is drawn anew at each start, so that nobody can choose whose place to share.
 */
const endpoints = 8
const tagThen = 2
const firstSet = 16

export class KeyTable {
  readonly #cells: Int32Array
  readonly #sets: number
  readonly #gcra: Gcra

  constructor(gcra: Gcra, maxKeys: number, memory: MemoryScope, seed: () => number) {
    this.#gcra = gcra
    this.#sets = 2 ** Math.ceil(Math.log2(Math.max(1, maxKeys / endpoints)))
    this.#cells = memory.cells('keys', firstSet + this.#sets * endpoints * tagThen)
    // Whoever comes first draws it for all.
    Atomics.compareExchange(this.#cells, 0, 0, Math.floor(seed() * 2 ** 32) | 0 || 1)
  }

  take(key: string, nowMs: number): GcraVerdict {
    const gcra = this.#gcra
    const now = gcra.ticksAt(nowMs)
    const place = this.#placeOf(key, now)
    const cells = this.#cells
    for (;;) {
      const state = Atomics.load(cells, place + 1)
      const verdict = gcra.judge(state, now)
      if (!verdict.isAdmitted || Atomics.compareExchange(cells, place + 1, state, verdict.state) === state)
        return verdict
    }
  }

  #placeOf(key: string, now: number): number {
    const cells = this.#cells
    const { tag, set } = this.#hash(key)
    const first = firstSet + set * endpoints * tagThen
    const end = first + endpoints * tagThen
    for (;;) {
      let idle = -1
      let idleTag = 0
      let least = first
      let leastUsed = Number.POSITIVE_INFINITY
      for (let place = first; place < end; place += tagThen) {
        const found = Atomics.load(cells, place)
        if (found === tag) return place
        const used = this.#gcra.used(Atomics.load(cells, place + 1), now)
        if (used === 0 && idle < 0) {
          idle = place
          idleTag = found
        }
        if (used < leastUsed) {
          least = place
          leastUsed = used
        }
      }
      if (idle < 0) return least
      // Then looked for again, from the front: another thread may have put the same key before this place meanwhile.
      Atomics.compareExchange(cells, idle, idleTag, tag)
    }
  }

  /** Two hashes of one pass: which set, and by what the key is known there. */
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
