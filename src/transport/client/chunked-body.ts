import type { HeaderPairs } from '../../core/headers.ts'
import { isTextCode, isTokenCode } from './field-line.ts'
import { TrailerReader } from './trailer-reader.ts'

/** 12 hexadecimal digits: 256 TiB, and a number holds each value exactly. */
const maxSizeDigits = 12
/** Limit on the extensions of one chunk. Their only use in practice is to waste a reader's time. */
const maxExtensionBytes = 256
/** Trailers are decoded to text in pieces of this size. */
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
 * Decodes a `chunked` body (RFC 9112, 7.1) as it arrives. Moves the payloads together within the given bytes, so that
 * the reader gets one piece, however small the chunks: passing on 4096 chunks of 16 bytes one by one would take 4096
 * writes.
 */
export class ChunkedBody {
  /** Start of the payload of the last read. */
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

  /** Reads from `start` to `end`; returns the position after the body's last byte, -1 if it is malformed. */
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

  /** Takes one byte of framing around the payloads; false if it is malformed. */
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

  /** `;name=value` or `;name="value"`, repeated up to the size limit. */
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
