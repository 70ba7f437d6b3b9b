/** As much as libuv reads at once. */
const bufferBytes = 64 * 1024
/** From here on it is cheaper to give the whole buffer away than to copy what is in it. */
const minGivenBytes = 16 * 1024
/** So many lie ready to be read into: 4 MiB. */
const maxSpare = 64

/**
 * One for all connections that have little to read: libuv reads into it and calls at once, so that nothing is left in it
 * when the next one reads. Node's own way takes 64 KiB for each read and gives most of it back.
 */
const shared = Buffer.allocUnsafeSlow(bufferBytes)

/**
 * Those that were given away and are spent. To make a new one for each 64 KiB, and to collect it, takes a quarter of the
 * time of a large body: 13 % and 12 % of a profile of 1 MiB answers.
 */
const spare: Buffer[] = []

/** What was read. */
export interface Piece {
  readonly bytes: Buffer
  /** To be called by whoever knows that nobody needs the bytes any more. Undefined: they are nobody else's. */
  readonly spent: (() => void) | undefined
}

/** A buffer that pieces of answers were given away of. It is read into again when all of them are spent. */
class Lease {
  readonly buffer = spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
  #pieces = 0
  #isLeft = false

  piece(from: number, to: number): Piece {
    this.#pieces++
    let isSpent = false
    const spent = (): void => {
      if (isSpent) return
      isSpent = true
      this.#pieces--
      this.#check()
    }
    return { bytes: this.buffer.subarray(from, to), spent }
  }

  /** Its connection reads into another one. */
  left(): void {
    this.#isLeft = true
    this.#check()
  }

  #check(): void {
    if (this.#isLeft && this.#pieces === 0 && spare.length < maxSpare) spare.push(this.buffer)
  }
}

/** Where one connection reads to: the shared buffer, or one of its own while large pieces come, which are not copied. */
export class ReadBuffer {
  #current: Buffer | undefined
  #lease: Lease | undefined
  #wanted: 'any' | 'own' | 'new' | 'shared' = 'shared'
  #isOpen = false

  /** `net` asks for each address that it tries, and behind each read: the buffer for the next, undefined for the same. */
  readonly next = (): Buffer | undefined => {
    if (!this.#isOpen) this.#wanted = 'shared'
    const wanted = this.#wanted
    if (wanted === 'any') return undefined
    this.#wanted = 'any'
    if (wanted === 'own' && this.#current !== shared) return undefined
    this.#lease?.left()
    this.#lease = wanted === 'shared' ? undefined : new Lease()
    this.#current = this.#lease?.buffer ?? shared
    return this.#current
  }

  /** The connection is there; until then each further address that is tried is given the buffer anew. */
  opened(): void {
    this.#isOpen = true
  }

  /** What was read, for somebody to keep. */
  take(bytes: Buffer, from: number, to: number): Piece {
    // Read by Node, into a buffer that nobody else has.
    if (bytes !== this.#current) return { bytes: bytes.subarray(from, to), spent: undefined }
    const length = to - from
    if (length < minGivenBytes || this.#lease === undefined) {
      if (length >= minGivenBytes) this.#wanted = 'own'
      const copy = Buffer.allocUnsafe(length)
      bytes.copy(copy, 0, from, to)
      return { bytes: copy, spent: undefined }
    }
    this.#wanted = 'new'
    return this.#lease.piece(from, to)
  }

  /** The answer is over: an idle connection holds no buffer. */
  rest(): void {
    if (this.#current !== shared) this.#wanted = 'shared'
  }
}
