import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { Duplex } from 'node:stream'
import type { HeaderPairs } from '../../src/core/headers.ts'
import type { AnswerHead } from '../../src/transport/client/answer-head.ts'
import { type AnswerHandler, AnswerReader } from '../../src/transport/client/answer-reader.ts'
import { HopByHop } from '../../src/transport/hop-by-hop.ts'

/** A reader's view of the bytes of one answer. */
export interface Read {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: string
  readonly trailers: HeaderPairs
}

export interface OurRead extends Read {
  /** Number of bytes that belong to the answer. */
  readonly bytes: number
  /** Only the end of the connection ends the answer. */
  readonly endsWithConnection: boolean
  readonly keepsAlive: boolean
}

/** Feeds our reader the bytes in pieces, then the end of the connection; undefined if it rejects them. */
export function readByUs(bytes: Buffer, cuts: readonly number[], method: string): OurRead | undefined {
  const reader = new AnswerReader()
  const noted = new Noted()
  reader.expect(noted, method, false)
  let at = 0
  for (const end of [...new Set(cuts)]
    .filter((cut) => cut < bytes.length)
    .sort((a, b) => a - b)
    .concat(bytes.length)) {
    // Copy, because the reader may compact payloads inside its input buffer.
    const piece = Buffer.from(bytes.subarray(at, end))
    const taken = reader.read(piece, piece.length)
    if (taken < 0) return undefined
    at += taken
    if (reader.isIdle) break
  }
  const endsWithConnection = !reader.isIdle
  if (endsWithConnection && !reader.end()) return undefined
  const { head, body, trailers } = noted
  if (head === undefined) return undefined
  const { status, headers } = head
  return { status, headers, body, trailers, bytes: at, endsWithConnection, keepsAlive: reader.keepsAlive }
}

class Noted implements AnswerHandler {
  head: AnswerHead | undefined
  body = ''
  trailers: HeaderPairs = []

  onWhole(head: AnswerHead, bytes: Buffer, from: number, to: number): void {
    this.head = head
    this.onBody(bytes, from, to)
  }
  onHead(head: AnswerHead): void {
    this.head = head
  }
  onBody(bytes: Buffer, from: number, to: number): void {
    this.body += bytes.toString('latin1', from, to)
  }
  onEnd(trailers: HeaderPairs): void {
    this.trailers = trailers
  }
  onUpgrade(): void {
    throw new Error('nobody has asked for an upgrade')
  }
}

const passing = new HopByHop({ dropped: ['x-request-id'], genuine: [] })

/** Feeds the bytes to Node's client, which uses llhttp; undefined if it rejects them or sees them as truncated. */
export function readByLlhttp(bytes: Buffer, cuts: readonly number[], method: string): Promise<Read | undefined> {
  const wire = new Scripted()
  return new Promise((resolve) => {
    const asked: ClientRequest = request({
      method,
      host: 'target',
      createConnection: () => wire,
    })
    asked.maxHeadersCount = 0
    asked.on('error', () => resolve(undefined))
    asked.on('response', (answer) => collect(answer, resolve))
    asked.end()
    let at = 0
    for (const end of [...new Set(cuts)].filter((cut) => cut < bytes.length).sort((a, b) => a - b)) {
      wire.push(bytes.subarray(at, end))
      at = end
    }
    wire.push(bytes.subarray(at))
    wire.push(null)
  })
}

function collect(answer: IncomingMessage, resolve: (read: Read | undefined) => void): void {
  let body = ''
  answer.setEncoding('latin1')
  answer.on('data', (text) => {
    body += text
  })
  answer.on('error', () => resolve(undefined))
  answer.on('close', () => {
    if (!answer.complete) return resolve(undefined)
    resolve({
      status: answer.statusCode ?? 0,
      headers: passing.remove(answer.rawHeaders),
      body,
      trailers: passing.remove(answer.rawTrailers),
    })
  })
}

/** A connection whose other end ignores its input and sends scripted bytes. */
class Scripted extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done()
  }
  setTimeout(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}
