import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type Failure, failure } from '../../core/failure.ts'

export interface UploadOptions {
  readonly source: Readable
  readonly socket: Socket
  readonly head: string
  /** Undefined: it goes out in chunks. */
  readonly length: number | undefined
  readonly onFailed: (reason: Failure) => void
}

/**
 * The client's request body on its way to a target, as fast as the target takes it. Nothing of it is read before the
 * target's connection is there, so that a request that was never sent can be sent again. The source itself is never
 * destroyed: the client's connection would close before it has been told what went wrong.
 */
export class Upload {
  readonly #options: UploadOptions
  #headSent = false
  #bytes = 0
  #isWhole = false
  #isStarted = false

  constructor(options: UploadOptions) {
    this.#options = options
    const { source } = options
    source.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onGone).on('close', this.#onGone)
    // An earlier attempt may have stopped it before it had taken anything.
    source.resume()
    // With the first bytes where the source has some already, which come before this; else at once, as the target may
    // answer the head alone.
    process.nextTick(this.#sendHead)
  }

  /** All of it is with the socket. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Whether bytes have been taken that cannot be given back. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /** The socket takes more. */
  resume(): void {
    if (!this.#isWhole) this.#options.source.resume()
  }

  /** No more of it is wanted. */
  stop(): void {
    if (this.#isWhole) return
    this.#detach()
    this.#headSent = true
    this.#options.source.pause()
  }

  readonly #sendHead = (): void => {
    if (this.#headSent) return
    this.#headSent = true
    this.#options.socket.write(this.#options.head, 'latin1')
  }

  readonly #onData = (chunk: Buffer): void => {
    if (chunk.length === 0) return
    this.#isStarted = true
    const { socket, length, source, head } = this.#options
    this.#bytes += chunk.length
    if (length !== undefined && this.#bytes > length) {
      this.#mismatch()
      return
    }
    const before = this.#headSent ? '' : head
    this.#headSent = true
    socket.cork()
    if (length === undefined) {
      socket.write(`${before}${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      socket.write('\r\n', 'latin1')
    } else {
      if (before !== '') socket.write(before, 'latin1')
      socket.write(chunk)
    }
    socket.uncork()
    if (socket.writableNeedDrain) source.pause()
  }

  readonly #onEnd = (): void => {
    const { socket, length, head } = this.#options
    if (length !== undefined && this.#bytes < length) {
      this.#mismatch()
      return
    }
    this.#detach()
    this.#isWhole = true
    const last = `${this.#headSent ? '' : head}${length === undefined ? '0\r\n\r\n' : ''}`
    this.#headSent = true
    if (last !== '') socket.write(last, 'latin1')
  }

  readonly #onGone = (): void => {
    this.stop()
    this.#options.onFailed(failure('CLIENT_GONE', 'The client hung up before its request was whole'))
  }

  #mismatch(): void {
    this.stop()
    const detail = 'The request body is shorter or longer than its Content-Length says'
    this.#options.onFailed(failure('BAD_REQUEST', detail))
  }

  #detach(): void {
    const { source } = this.#options
    source.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onGone).off('close', this.#onGone)
  }
}
