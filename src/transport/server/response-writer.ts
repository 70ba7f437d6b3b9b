import type { ServerResponse } from 'node:http'
import { type BodySink, type BodyStream, isHeld } from '../../core/body.ts'
import type { Failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue, withoutHeaders } from '../../core/headers.ts'
import type { GatewayResponse } from '../../core/response.ts'
import type { Clock, Timer } from '../../kit/clock.ts'

export interface WriterOptions {
  readonly response: ServerResponse
  readonly clock: Clock
  /** How long the client may accept no bytes; 0 = no limit. */
  readonly idleTimeoutMs: number
  /** The body is incomplete: the client has part of it, and its connection is closed to signal that. */
  readonly onBroken: (reason: Failure) => void
}

/**
 * Bodies up to this size are sent as one string with the head: Node then writes one buffer instead of two. That saves
 * 1 of the 12 us that a bare server needs for an answer.
 */
const maxJoinedBytes = 4096

const contentLength = new Set(['content-length'])
const trailer = new Set(['trailer'])

/** Writes one answer to the client, as fast as the client accepts it. */
export class ResponseWriter implements BodySink {
  readonly #options: WriterOptions
  #stream: BodyStream | undefined
  #stallTimer: Timer | undefined
  #headSent = false
  /** First bytes, received inside `body.pipe`: if they are the whole body, they go out with the head. */
  #first: Uint8Array | undefined
  #firstSpent: (() => void) | undefined
  #isBeginning = false
  bytesSent = 0

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** `headers`: the answer's and the gateway's own. */
  start(answer: GatewayResponse, headers: string[]): void {
    const { response } = this.#options
    const { body, status } = answer
    if (isHeld(body)) {
      const hasNone = body === undefined || status === 204 || status === 304
      // A held body may have arrived chunked or been replaced, so trailers and length may be out of date.
      const plain = headerValue(headers, 'trailer') === undefined ? headers : withoutHeaders(headers, trailer)
      response.writeHead(status, hasNone ? plain : withLength(plain, body.length))
      this.bytesSent = hasNone ? 0 : body.length
      if (hasNone) response.end()
      else endWith(response, body)
      this.#watchStall()
      return
    }
    this.#stream = body
    response.writeHead(status, this.#isChunked(status, headers) ? headers : withoutHeaders(headers, trailer))
    this.#isBeginning = true
    body.pipe(this)
    this.#isBeginning = false
    // The head goes out with the first bytes if they are here already, otherwise at once, as event streams need.
    if (this.#first !== undefined) this.#writeFirst()
    else if (!this.#headSent) response.flushHeaders()
  }

  write(chunk: Uint8Array, spent?: () => void): boolean {
    this.#headSent = true
    this.bytesSent += chunk.length
    if (this.#isBeginning && this.#first === undefined) {
      this.#first = chunk
      this.#firstSpent = spent
      return true
    }
    if (this.#first !== undefined) this.#writeFirst()
    return this.#write(chunk, spent)
  }

  #writeFirst(): void {
    const chunk = this.#first as Uint8Array
    this.#first = undefined
    this.#write(chunk, this.#firstSpent)
  }

  /** Node calls `spent` when it is done with the bytes, whether they were written or dropped. */
  #write(chunk: Uint8Array, spent: (() => void) | undefined): boolean {
    const { response } = this.#options
    if (spent === undefined ? response.write(chunk) : response.write(chunk, spent)) return true
    if (this.#stallTimer === undefined) this.#waitForDrain()
    return false
  }

  end(trailers: HeaderPairs): void {
    const { response } = this.#options
    this.#headSent = true
    if (trailers.length > 0) response.addTrailers(pairsOf(trailers))
    if (this.#first === undefined) response.end()
    else endWith(response, this.#first)
    this.#first = undefined
    this.#watchStall()
  }

  fail(reason: Failure): void {
    this.#headSent = true
    this.#first = undefined
    this.#options.onBroken(reason)
    this.#options.response.destroy()
  }

  /** Stops waiting for the client; call when the connection has closed. */
  close(): void {
    this.#stallTimer?.cancel()
    this.#stallTimer = undefined
  }

  /** Only a chunked answer can have trailers; Node refuses to announce them on others. */
  #isChunked(status: number, headers: HeaderPairs): boolean {
    if (headerValue(headers, 'trailer') === undefined) return true
    const { req } = this.#options.response
    const hasBody = req.method !== 'HEAD' && status !== 204 && status !== 304
    return hasBody && req.httpVersionMinor === 1 && headerValue(headers, 'content-length') === undefined
  }

  #waitForDrain(): void {
    this.#watchStall()
    this.#options.response.once('drain', () => {
      this.close()
      this.#stream?.resume()
    })
  }

  /** Cuts off a client that accepts none of the waiting bytes for too long. */
  #watchStall(): void {
    const { response, clock, idleTimeoutMs } = this.#options
    const { socket } = response
    if (idleTimeoutMs === 0 || socket === null || socket.writableLength === 0) return
    const taken = socket.bytesWritten - socket.writableLength
    this.#stallTimer?.cancel()
    this.#stallTimer = clock.after(idleTimeoutMs, () => {
      if (socket.bytesWritten - socket.writableLength > taken) this.#watchStall()
      else response.destroy()
    })
  }
}

function endWith(response: ServerResponse, body: Uint8Array): void {
  if (body.length > maxJoinedBytes) response.end(body)
  // Keeps every byte: latin1 maps each one to a character.
  else response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1')
}

function withLength(headers: string[], bytes: number): string[] {
  if (headerValue(headers, 'content-length') === String(bytes)) return headers
  const exact = withoutHeaders(headers, contentLength)
  exact.push('content-length', String(bytes))
  return exact
}

function pairsOf(headers: HeaderPairs): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] as string, headers[i + 1] as string])
  return pairs
}
