/** Concatenates bodies in one buffer, which is transferred to the other thread instead of being copied. */
export class BytesWriter {
  #buffer = new Uint8Array(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Returns the start offset of these bytes. */
  add(bytes: Uint8Array): number {
    const start = this.#length
    this.#length += bytes.byteLength
    if (this.#length > this.#buffer.byteLength) this.#grow()
    this.#buffer.set(bytes, start)
    return start
  }

  /** Returns all bytes. Add nothing afterwards: the buffer is transferred away. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = new Uint8Array(Math.max(this.#length, 2 * this.#buffer.byteLength, 4096))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}
