import { type HeaderPairs, noHeaders } from '../../core/headers.ts'
import { maxHeaderBytes } from './answer-head.ts'
import { fieldKind } from './field-kind.ts'
import { FieldLine, incomplete, readLineEnd } from './field-line.ts'

const line = new FieldLine()

/** Reads the trailer after the last chunk: fields, nearly always none, and an empty line. */
export class TrailerReader {
  /** The fields that pass. */
  pairs: HeaderPairs = noHeaders
  /** How much of the last piece belongs to the trailer. */
  taken = 0
  isWhole = false
  #rest = ''
  #bytes = 0
  #kept: string[] = []

  /** Returns false if the trailer is malformed or too large. */
  read(piece: string): boolean {
    const before = this.#rest.length
    const text = before === 0 ? piece : this.#rest + piece
    let at = 0
    let next = incomplete
    for (;;) {
      const isEnd = text.charCodeAt(at) === 0x0d
      next = isEnd ? readLineEnd(text, at) : line.read(text, at)
      if (next < 0) break
      at = next
      if (isEnd) {
        this.isWhole = true
        this.taken = at - before
        if (this.#kept.length > 0) this.pairs = this.#kept
        return this.#bytes + at <= maxHeaderBytes
      }
      if (!this.#take(line.name, line.value)) return false
    }
    this.#rest = text.slice(at)
    this.#bytes += at
    return next === incomplete && this.#bytes + this.#rest.length <= maxHeaderBytes
  }

  #take(name: string, value: string): boolean {
    const kind = fieldKind(name)
    if (kind === 'keep') this.#kept.push(name, value)
    // The body has already been read: a second statement of where it ends is a trap (RFC 9110, 6.5.1).
    return kind !== 'content-length' && kind !== 'transfer-encoding'
  }
}
