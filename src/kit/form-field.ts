const ampersand = 0x26
const equals = 0x3d
const plus = 0x2b
const percent = 0x25

/**
 * Finds the first value of a field in a body of `application/x-www-form-urlencoded`, like `URLSearchParams`, which
 * takes a second for 10 MiB of `a&a&a&...`; this parser can stop after any byte and resume later.
 */
export class FormField {
  readonly #form: Uint8Array
  readonly #name: string
  readonly #nameBytes: Buffer
  #at: number
  #pairStart: number
  #value: string | undefined

  constructor(form: Uint8Array, name: string) {
    this.#form = form
    this.#name = name
    this.#nameBytes = Buffer.from(name)
    // `URLSearchParams` strips a leading question mark, as that of a URL.
    this.#at = form[0] === 0x3f ? 1 : 0
    this.#pairStart = this.#at
  }

  get value(): string | undefined {
    return this.#value
  }

  /** Reads on for at most `maxBytes`. True: the value is known, or there is none. */
  read(maxBytes: number): boolean {
    const form = this.#form
    const end = Math.min(this.#at + maxBytes, form.length)
    for (let at = this.#at; at < end; at++) {
      if (form[at] !== ampersand) continue
      if (this.#readPair(at)) return true
      this.#pairStart = at + 1
    }
    this.#at = end
    return end === form.length && (this.#readPair(end) || true)
  }

  #readPair(end: number): boolean {
    const start = this.#pairStart
    if (!this.#mayBeNamed(start, end)) return false
    const [pair] = new URLSearchParams(this.#text(start, end))
    if (pair?.[0] !== this.#name) return false
    this.#value = pair[1]
    return true
  }

  /** Avoids decoding most pairs: a matching name has the same length, or is encoded, which makes it longer. */
  #mayBeNamed(start: number, end: number): boolean {
    const length = this.#nameBytes.length
    const last = Math.min(end, start + 3 * length)
    let isEncoded = false
    let at = start
    for (; at < last && this.#form[at] !== equals; at++) {
      const byte = this.#form[at]
      if (byte === plus || byte === percent) isEncoded = true
    }
    if (at < end && this.#form[at] !== equals) return false
    if (isEncoded) return true
    return at - start === length && this.#nameBytes.compare(this.#form, start, at) === 0
  }

  #text(start: number, end: number): string {
    const text = Buffer.from(this.#form.buffer, this.#form.byteOffset + start, end - start).toString('utf8')
    // `URLSearchParams` would strip the leading question mark.
    return text.startsWith('?') ? `%3F${text.slice(1)}` : text
  }
}
