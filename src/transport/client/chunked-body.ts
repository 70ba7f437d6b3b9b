import type { HeaderPairs } from '../../core/headers.ts'
import { isTextCode, isTokenCode } from './field-line.ts'
import { TrailerReader } from './trailer-reader.ts'

/** 12 hexadecimal digits: 256 TiB, and every number of them is exact. */
const maxSizeDigits = 12
/** Of the extensions of one chunk. Nobody uses them but to have a reader work for nothing. */
const maxExtensionBytes = 256
/** Trailers are read as text, so much at a time. */
const trailerPieceBytes = 2048

const lineFeed = 0x0a
const carriageReturn = 0x0d
const semicolon = 0x3b
const equals = 0x3d
const quote = 0x22
const backslash = 0x5c

type State =
  | 'first digit'
  | 'size'
  | 'extension'
  | 'extension name'
  | 'extension value begins'
  | 'extension value'
  | 'quoted'
  | 'escaped'
  | 'quote closed'
  | 'size line feed'
  | 'data'
  | 'data return'
  | 'data line feed'
  | 'trailer'

/**
 * Takes the chunks out of a body that is `chunked` (RFC 9112, 7.1), as it arrives. Their payloads are moved together in
 * the bytes given, so that whoever takes them takes one piece, however small the chunks: to hand on each of 4096 chunks
 * of 16 bytes takes a write for each.
 */
export class ChunkedBody {
  /** Where the payload of the last read stands. */
  from = 0
  to = 0
  isWhole = false
  #state: State = 'first digit'
  #size = 0
  #digits = 0
  #extensionBytes = 0
  #trailer: TrailerReader | undefined

  get trailers(): HeaderPairs {
    return (this.#trailer as TrailerReader).pairs
  }

  /** From `start` to `end`; answers the place behind what belongs to the body, -1 if it is malformed. */
  read(bytes: Buffer, start: number, end: number): number {
    this.from = start
    this.to = start
    let at = start
    while (at < end && !this.isWhole) {
      if (this.#state === 'data') at = this.#takeData(bytes, at, end)
      else if (this.#state === 'trailer') at = this.#readTrailer(bytes, at, end)
      else if (this.#step(bytes[at] as number)) at++
      else return -1
      if (at < 0) return -1
    }
    return at
  }

  #takeData(bytes: Buffer, at: number, end: number): number {
    const length = Math.min(this.#size, end - at)
    if (this.to === this.from) {
      this.from = at
      this.to = at + length
    } else {
      bytes.copyWithin(this.to, at, at + length)
      this.to += length
    }
    this.#size -= length
    if (this.#size === 0) this.#state = 'data return'
    return at + length
  }

  #readTrailer(bytes: Buffer, at: number, end: number): number {
    const pieceEnd = Math.min(end, at + trailerPieceBytes)
    this.#trailer ??= new TrailerReader()
    if (!this.#trailer.read(bytes.toString('latin1', at, pieceEnd))) return -1
    this.isWhole = this.#trailer.isWhole
    return this.isWhole ? at + this.#trailer.taken : pieceEnd
  }

  /** One byte of what stands around the payloads; false if it may not stand there. */
  #step(byte: number): boolean {
    const state = this.#state
    if (state === 'first digit') {
      this.#size = hexOf(byte)
      this.#digits = 1
      this.#extensionBytes = 0
      this.#state = 'size'
      return this.#size >= 0
    }
    if (state === 'size') {
      const digit = hexOf(byte)
      if (digit < 0) return this.#endSize(byte)
      this.#size = this.#size * 16 + digit
      return ++this.#digits <= maxSizeDigits
    }
    if (state === 'size line feed') {
      this.#state = this.#size === 0 ? 'trailer' : 'data'
      return byte === lineFeed
    }
    if (state === 'data return') {
      this.#state = 'data line feed'
      return byte === carriageReturn
    }
    if (state === 'data line feed') {
      this.#state = 'first digit'
      return byte === lineFeed
    }
    return ++this.#extensionBytes <= maxExtensionBytes && this.#stepExtension(state, byte)
  }

  /** `;name=value` or `;name="value"`, as often as there is room. */
  #stepExtension(state: State, byte: number): boolean {
    if (state === 'extension') {
      this.#state = 'extension name'
      return isTokenCode(byte)
    }
    if (state === 'extension name') {
      if (byte !== equals) return isTokenCode(byte) || this.#endSize(byte)
      this.#state = 'extension value begins'
      return true
    }
    if (state === 'extension value begins') {
      this.#state = byte === quote ? 'quoted' : 'extension value'
      return byte === quote || isTokenCode(byte)
    }
    if (state === 'extension value') return isTokenCode(byte) || this.#endSize(byte)
    if (state === 'quoted') {
      if (byte === quote) this.#state = 'quote closed'
      else if (byte === backslash) this.#state = 'escaped'
      return isTextCode(byte)
    }
    if (state === 'escaped') {
      this.#state = 'quoted'
      return isTextCode(byte)
    }
    return this.#endSize(byte)
  }

  #endSize(byte: number): boolean {
    this.#state = byte === semicolon ? 'extension' : 'size line feed'
    return byte === semicolon || byte === carriageReturn
  }
}

function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
