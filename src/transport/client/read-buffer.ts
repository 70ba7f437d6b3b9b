/** As much as libuv reads at once. */
const bufferBytes = 64 * 1024
/** From here on it is cheaper to give the whole buffer away than to copy what is in it. */
const minGivenBytes = 16 * 1024

/**
 * One for all connections that have little to read: libuv reads into it and calls at once, so that nothing is left in it
 * when the next one reads. Node's own way takes 64 KiB for each read and gives most of it back.
 */
const shared = Buffer.allocUnsafeSlow(bufferBytes)

/** Where one connection reads to: the shared buffer, or one of its own while large pieces come, which are not copied. */
export class ReadBuffer {
  #current: Buffer | undefined
  #wanted: 'any' | 'own' | 'new' | 'shared' = 'shared'
  #isOpen = false

  /** `net` asks for each address that it tries, and behind each read: the buffer for the next, undefined for the same. */
  readonly next = (): Buffer | undefined => {
    if (!this.#isOpen) this.#wanted = 'shared'
    const wanted = this.#wanted
    if (wanted === 'any') return undefined
    this.#wanted = 'any'
    if (wanted === 'shared') this.#current = shared
    else if (wanted === 'new' || this.#current === shared) this.#current = Buffer.allocUnsafeSlow(bufferBytes)
    else return undefined
    return this.#current
  }

  /** The connection is there; until then each further address that is tried is given the buffer anew. */
  opened(): void {
    this.#isOpen = true
  }

  /** What was read, for somebody to keep. */
  take(bytes: Buffer, from: number, to: number): Buffer {
    // Read by Node, into a buffer that nobody else has.
    if (bytes !== this.#current) return bytes.subarray(from, to)
    const length = to - from
    if (length < minGivenBytes || bytes === shared) {
      if (length >= minGivenBytes) this.#wanted = 'own'
      const copy = Buffer.allocUnsafe(length)
      bytes.copy(copy, 0, from, to)
      return copy
    }
    this.#wanted = 'new'
    return bytes.subarray(from, to)
  }

  /** The answer is over: an idle connection holds no buffer. */
  rest(): void {
    if (this.#current !== shared) this.#wanted = 'shared'
  }
}
