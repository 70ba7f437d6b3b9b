import { hash, randomBytes } from 'node:crypto'

/**
 * The rounds of HalfSipHash (Aumasson, Bernstein) over a 128-bit state with a random key per process; the whole state
 * is the result. Without the key nobody can construct a collision; two given texts collide with probability 2^-128.
 * Written in JavaScript, as texts have millions of small parts and a call of `node:crypto` takes 1 us for each.
 */
export const stateWords = 4

const key = new Int32Array(new Uint8Array(randomBytes(stateWords * 4)).buffer)

/** From this length on, the native hash is faster than the loop below. */
const nativeFromBytes = 512

export class KeyedHash {
  #a = 0
  #b = 0
  #c = 0
  #d = 0

  constructor() {
    this.start()
  }

  start(): void {
    this.load(key, 0)
  }

  load(from: Int32Array, at: number): void {
    this.#a = from[at] as number
    this.#b = from[at + 1] as number
    this.#c = from[at + 2] as number
    this.#d = from[at + 3] as number
  }

  save(to: Int32Array, at: number): void {
    to[at] = this.#a
    to[at + 1] = this.#b
    to[at + 2] = this.#c
    to[at + 3] = this.#d
  }

  /** Adds the state to four sums: sums do not depend on order. */
  addTo(sums: Int32Array, at: number): void {
    sums[at] = (sums[at] as number) + this.#a
    sums[at + 1] = (sums[at + 1] as number) + this.#b
    sums[at + 2] = (sums[at + 2] as number) + this.#c
    sums[at + 3] = (sums[at + 3] as number) + this.#d
  }

  word(word: number): void {
    this.#d ^= word
    this.#round()
    this.#a ^= word
  }

  /** `kind`: distinguishes equal bytes with different meanings; less than 2^8. */
  bytes(kind: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.word((length << 8) | kind)
    if (length >= nativeFromBytes) {
      const digest = hash('sha256', bytes.subarray(start, end), 'buffer')
      for (let at = 0; at < digest.length; at += 4) this.word(digest.readInt32LE(at))
      return
    }
    let at = start
    for (; at + 4 <= end; at += 4) {
      this.word(
        (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24),
      )
    }
    let rest = 0
    for (let shift = 0; at < end; at++, shift += 8) rest |= (bytes[at] as number) << shift
    if (length % 4 !== 0) this.word(rest)
  }

  /** Mixes the last input into the whole state. */
  finish(): void {
    this.#c ^= 0xff
    this.#round()
    this.#round()
    this.#round()
  }

  #round(): void {
    let a = (this.#a + this.#b) | 0
    let b = rotated(this.#b, 5) ^ a
    a = rotated(a, 16)
    let c = (this.#c + this.#d) | 0
    let d = rotated(this.#d, 8) ^ c
    a = (a + d) | 0
    d = rotated(d, 7) ^ a
    c = (c + b) | 0
    b = rotated(b, 13) ^ c
    this.#a = a
    this.#b = b
    this.#c = rotated(c, 16)
    this.#d = d
  }
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
