import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'

const bucketCount = 10
const countBits = 20
const countMask = (1 << countBits) - 1
/** Mask of the turn in a word, without the sign bit. */
const turnMask = (1 << (31 - countBits)) - 1

/**
 * Good and bad attempts at one target within the window, from all threads: a ring of ten buckets. A word holds a count
 * and the turn of the ring in which it was counted. So one step adds to a bucket or restarts it, and counts of earlier
 * turns need no clearing. (A turn looks like the one 2048 turns before.)
 */
export class AttemptWindow {
  readonly #words: Int32Array
  readonly #bucketMs: number

  constructor(windowMs: number, memory: MemoryScope = new SharedMemory()) {
    this.#words = memory.cells(`attempt window ${windowMs}`, bucketCount * 2)
    this.#bucketMs = windowMs / bucketCount
  }

  note(isGood: boolean, nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs)
    const at = (bucket % bucketCount) * 2 + (isGood ? 0 : 1)
    const mark = turnOf(bucket) << countBits
    for (;;) {
      const word = Atomics.load(this.#words, at)
      const count = (word & ~countMask) === mark ? word & countMask : 0
      const next = mark | Math.min(countMask, count + 1)
      if (Atomics.compareExchange(this.#words, at, word, next) === word) return
    }
  }

  count(nowMs: number): { readonly good: number; readonly bad: number } {
    const last = Math.floor(nowMs / this.#bucketMs)
    let good = 0
    let bad = 0
    for (let bucket = last - bucketCount + 1; bucket <= last; bucket++) {
      const at = ((bucket + bucketCount) % bucketCount) * 2
      const turn = turnOf(bucket)
      good += countIn(Atomics.load(this.#words, at), turn)
      bad += countIn(Atomics.load(this.#words, at + 1), turn)
    }
    return { good, bad }
  }

  clear(): void {
    for (let at = 0; at < this.#words.length; at++) Atomics.store(this.#words, at, 0)
  }
}

function turnOf(bucket: number): number {
  return Math.floor(bucket / bucketCount) & turnMask
}

function countIn(word: number, turn: number): number {
  return word >> countBits === turn ? word & countMask : 0
}
