/** Bodies, one after the other in a buffer that moves to the other thread instead of being copied there. */
export class BytesWriter {
  #buffer = new Uint8Array(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Where they begin. */
  add(bytes: Uint8Array): number {
    const start = this.#length
    this.#length += bytes.byteLength
    if (this.#length > this.#buffer.byteLength) this.#grow()
    this.#buffer.set(bytes, start)
    return start
  }

  /** All of them; nothing may be added any more, as the buffer goes away. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = new Uint8Array(Math.max(this.#length, 2 * this.#buffer.byteLength, 4096))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}
