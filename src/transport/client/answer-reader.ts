import { type HeaderPairs, noHeaders } from '../../core/headers.ts'
import { type AnswerHead, AnswerHeadReader } from './answer-head.ts'
import { ChunkedBody } from './chunked-body.ts'

/** Receives one answer as it arrives. The reader reuses the bytes once a method returns. */
export interface AnswerHandler {
  /** An answer whose whole body arrived in one piece, or that has none; nothing follows. */
  onWhole(head: AnswerHead, bytes: Buffer, from: number, to: number): void
  /** In all other cases: the head, then pieces of the body, then the end. */
  onHead(head: AnswerHead): void
  onBody(bytes: Buffer, from: number, to: number): void
  onEnd(trailers: HeaderPairs): void
  /** 101: the bytes after it belong to another protocol. */
  onUpgrade(head: AnswerHead): void
}

/** The head is decoded to text in pieces of this size; nearly all fit in one, and little of a body is decoded too. */
const headPieceBytes = 2048
/** Limit on `103 Early Hints` and the like before an answer; a target that sends more may never end. */
const maxInformational = 32

/**
 * Reads one answer after another from the bytes of one connection. Only its owner drives it:
 *
 *   idle --expect--> head --> length | chunked | until end --> idle
 *     ^----------------+ (no body, or all of it has arrived)
 *
 * Bytes that arrive while it is idle are unexpected, and the owner has to handle them; `stopped` is final.
 */
export class AnswerReader {
  /** Why the answer was refused. */
  error = ''
  /** Whether the last answer leaves the connection open. */
  keepsAlive = false
  keepAliveHintMs: number | undefined
  #state: 'idle' | 'head' | 'length' | 'chunked' | 'until end' | 'stopped' = 'idle'
  readonly #head = new AnswerHeadReader()
  #handler: AnswerHandler | undefined
  #isHead = false
  #upgrades = false
  #informational = 0
  #left = 0
  #chunks: ChunkedBody | undefined

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** Call when a request is sent: the next answer is for it. */
  expect(handler: AnswerHandler, method: string, upgrades: boolean): void {
    this.#state = 'head'
    this.#handler = handler
    this.#isHead = method === 'HEAD'
    this.#upgrades = upgrades
    this.#informational = 0
  }

  /** The handler gets no more calls. */
  stop(): void {
    this.#state = 'stopped'
    this.#handler = undefined
  }

  /** Returns how many of the bytes belong to the answer, -1 if they are malformed. */
  read(bytes: Buffer, length: number): number {
    let at = 0
    while (at < length) {
      const state = this.#state
      if (state === 'head') at = this.#readHead(bytes, at, length)
      else if (state === 'length') at = this.#readLength(bytes, at, length)
      else if (state === 'chunked') at = this.#readChunks(bytes, at, length)
      else if (state === 'until end') {
        this.#handler?.onBody(bytes, at, length)
        return length
      } else return at
      if (at < 0) return -1
    }
    return at
  }

  /** The target has closed its side. Returns whether the answer is complete. */
  end(): boolean {
    if (this.#state !== 'until end') return false
    this.#end(noHeaders)
    return true
  }

  #readHead(bytes: Buffer, start: number, length: number): number {
    const pieceEnd = Math.min(length, start + headPieceBytes)
    const reader = this.#head
    // One string for the whole head: decoding names and values one by one takes 0.05 us each.
    const head = reader.read(bytes.toString('latin1', start, pieceEnd))
    if (head === undefined) {
      if (reader.error === '') return pieceEnd
      return this.#refuse(reader.error)
    }
    return this.#begin(head, bytes, start + reader.taken, length)
  }

  /** Decides where the body ends (RFC 9112, 6.3). */
  #begin(head: AnswerHead, bytes: Buffer, at: number, length: number): number {
    const { status, contentLength, isChunked } = head
    if (status < 200) return this.#takeInformational(head, at)
    this.keepsAlive = head.keepsAlive
    this.keepAliveHintMs = head.keepAliveHintMs
    const handler = this.#handler as AnswerHandler
    const isEmpty = status === 204 || status === 304
    if (this.#isHead || isEmpty) {
      // A target that declares a body may also send it, and it would be read as the next answer.
      if (isEmpty && !this.#isHead && (isChunked || (contentLength ?? 0) > 0)) this.keepsAlive = false
      this.#finish()
      handler.onWhole(head, bytes, at, at)
      return at
    }
    if (contentLength !== undefined && length - at >= contentLength) {
      this.#finish()
      handler.onWhole(head, bytes, at, at + contentLength)
      return at + contentLength
    }
    if (isChunked) {
      this.#state = 'chunked'
      this.#chunks = new ChunkedBody()
    } else if (contentLength !== undefined) {
      this.#state = 'length'
      this.#left = contentLength
    } else {
      this.#state = 'until end'
      this.keepsAlive = false
    }
    handler.onHead(head)
    return at
  }

  #takeInformational(head: AnswerHead, at: number): number {
    if (head.status === 101) {
      if (!this.#upgrades || !head.isUpgrade) return this.#refuse('a 101 that was not requested')
      const handler = this.#handler as AnswerHandler
      this.stop()
      handler.onUpgrade(head)
      return at
    }
    if (!head.keepsAlive) return this.#refuse('an informational answer that is the last')
    if (++this.#informational > maxInformational) return this.#refuse('too many informational answers')
    return at
  }

  #readLength(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(length, at + this.#left)
    this.#left -= end - at
    const isWhole = this.#left === 0
    this.#handler?.onBody(bytes, at, end)
    if (isWhole && this.#state === 'length') this.#end(noHeaders)
    return end
  }

  #readChunks(bytes: Buffer, at: number, length: number): number {
    const chunks = this.#chunks as ChunkedBody
    const end = chunks.read(bytes, at, length)
    if (chunks.to > chunks.from) this.#handler?.onBody(bytes, chunks.from, chunks.to)
    if (end < 0) return this.#refuse('malformed chunks')
    if (chunks.isWhole && this.#state === 'chunked') this.#end(chunks.trailers)
    return end
  }

  #end(trailers: HeaderPairs): void {
    const handler = this.#handler
    this.#finish()
    handler?.onEnd(trailers)
  }

  #finish(): void {
    this.#state = 'idle'
    this.#handler = undefined
    this.#chunks = undefined
  }

  #refuse(error: string): number {
    this.error = error
    return -1
  }
}
