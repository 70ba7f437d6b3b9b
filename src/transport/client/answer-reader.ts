import { type HeaderPairs, noHeaders } from '../../core/headers.ts'
import { type AnswerHead, AnswerHeadReader } from './answer-head.ts'
import { ChunkedBody } from './chunked-body.ts'

/** Told of one answer as it arrives. The bytes are the reader's again when the call returns. */
export interface AnswerHandler {
  /** An answer that came with its whole body (or has none) in one piece; nothing follows. */
  onWhole(head: AnswerHead, bytes: Buffer, from: number, to: number): void
  /** In all other cases its head, then pieces of its body, then its end. */
  onHead(head: AnswerHead): void
  onBody(bytes: Buffer, from: number, to: number): void
  onEnd(trailers: HeaderPairs): void
  /** 101: what follows is another protocol's. */
  onUpgrade(head: AnswerHead): void
}

/** The head is made text so much at a time; nearly every one fits, and little of a body is made text with it. */
const headPieceBytes = 2048
/** `103 Early Hints` and the like before an answer; whoever sends more of them means to be endless. */
const maxInformational = 32

/**
 * One answer after the other out of the bytes of one connection. It takes no step by itself:
 *
 *   idle --expect--> head --> length | chunked | until end --> idle
 *     ^----------------+ (no body, or the whole of it is there)
 *
 * Any byte while it is idle is one too many, which its owner has to see to; `stopped` is final.
 */
export class AnswerReader {
  /** Why the answer was refused. */
  fault = ''
  /** Of the last answer. */
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

  /** A request goes out whose answer is the next. */
  expect(handler: AnswerHandler, method: string, upgrades: boolean): void {
    this.#state = 'head'
    this.#handler = handler
    this.#isHead = method === 'HEAD'
    this.#upgrades = upgrades
    this.#informational = 0
  }

  /** Nobody wants to hear any more. */
  stop(): void {
    this.#state = 'stopped'
    this.#handler = undefined
  }

  /** Answers how many of the bytes belong to the answer, -1 if they cannot be one. */
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

  /** The target sends no more. Whether the answer is whole. */
  end(): boolean {
    if (this.#state !== 'until end') return false
    this.#end(noHeaders)
    return true
  }

  #readHead(bytes: Buffer, start: number, length: number): number {
    const pieceEnd = Math.min(length, start + headPieceBytes)
    const reader = this.#head
    // One string for the whole head: to cut names and values out of bytes one by one takes 0.05 us for each.
    const head = reader.read(bytes.toString('latin1', start, pieceEnd))
    if (head === undefined) {
      if (reader.fault === '') return pieceEnd
      return this.#refuse(reader.fault)
    }
    return this.#begin(head, bytes, start + reader.taken, length)
  }

  /** Where the body ends (RFC 9112, 6.3). */
  #begin(head: AnswerHead, bytes: Buffer, at: number, length: number): number {
    const { status, contentLength, isChunked } = head
    if (status < 200) return this.#takeInformational(head, at)
    this.keepsAlive = head.keepsAlive
    this.keepAliveHintMs = head.keepAliveHintMs
    const handler = this.#handler as AnswerHandler
    const isEmpty = status === 204 || status === 304
    if (this.#isHead || isEmpty) {
      // Whoever says that there is a body may send it too, and it would be read as the next answer.
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
      if (!this.#upgrades || !head.isUpgrade) return this.#refuse('101 that was not asked for')
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

  #refuse(fault: string): number {
    this.fault = fault
    return -1
  }
}
