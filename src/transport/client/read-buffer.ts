/** The size of one read in libuv. */
const bufferBytes = 64 * 1024
/** From this size on, giving the buffer away is cheaper than copying its bytes. */
const minGivenBytes = 16 * 1024
/** Most buffers kept for reuse: 4 MiB. */
const maxSpare = 64

/**
 * Shared by all connections with little to read: libuv reads into it and calls back at once, so its bytes are consumed
 * before the next connection reads. Node by default allocates 64 KiB for each read and returns most of it.
 */
const shared = Buffer.allocUnsafeSlow(bufferBytes)

/**
 * Buffers that were given away and are spent. Allocating and collecting one for each 64 KiB takes a quarter of the time
 * of a large body: 13 % and 12 % of a profile of 1 MiB answers.
 */
const spare: Buffer[] = []

/** Bytes that were read. */
export interface Piece {
  readonly bytes: Buffer
  /** Call once the bytes are no longer needed. Undefined: the buffer is not reused. */
  readonly spent: (() => void) | undefined
}

/** A buffer of which pieces were given away. It is reused when all of them are spent. */
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

  /** Its connection now reads into another buffer. */
  left(): void {
    this.#isLeft = true
    this.#check()
  }

  #check(): void {
    if (this.#isLeft && this.#pieces === 0 && spare.length < maxSpare) spare.push(this.buffer)
  }
}

/** The buffer that a connection reads into: the shared one, or its own during large reads, to avoid copying. */
export class ReadBuffer {
  #current: Buffer | undefined
  #lease: Lease | undefined
  #wanted: 'any' | 'own' | 'new' | 'shared' = 'shared'
  #isOpen = false

  /** `net` calls this for each address it tries and after each read: the next buffer; undefined keeps the last. */
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

  /** The connection is open; before that, each address tried is given the buffer again. */
  opened(): void {
    this.#isOpen = true
  }

  /** Returns bytes of the last read in a form that the caller may keep. */
  take(bytes: Buffer, from: number, to: number): Piece {
    // Node read it, into a buffer that is not reused.
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

  /** The answer has ended: an idle connection holds no buffer. */
  rest(): void {
    if (this.#current !== shared) this.#wanted = 'shared'
  }
}
