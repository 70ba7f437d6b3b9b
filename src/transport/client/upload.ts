import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type Failure, failure } from '../../core/failure.ts'

export interface UploadOptions {
  readonly source: Readable
  readonly socket: Socket
  readonly head: string
  /** Undefined: the body is sent chunked. */
  readonly length: number | undefined
  readonly onFailed: (reason: Failure) => void
}

/**
 * Sends the client's request body to a target, as fast as the target accepts it. Reads nothing before the target's
 * connection is open, so that a request that was never sent can be sent again. Never destroys the source: the client's
 * connection would close before the client got the error response.
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
    // An earlier attempt may have paused the source before reading anything.
    source.resume()
    // If the source already has bytes, they arrive before this tick and the head goes out with them. Otherwise the tick
    // sends the head: the target may answer it alone.
    process.nextTick(this.#sendHead)
  }

  /** The whole body has been written to the socket. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Whether bytes have been read from the source, which cannot be undone. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /** Call when the socket accepts more. */
  resume(): void {
    if (!this.#isWhole) this.#options.source.resume()
  }

  /** Stops sending; the rest of the body is not read. */
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
    this.#options.onFailed(failure('CLIENT_GONE', 'The client hung up before its request was complete'))
  }

  #mismatch(): void {
    this.stop()
    const detail = 'The request body does not have the length that its Content-Length states'
    this.#options.onFailed(failure('BAD_REQUEST', detail))
  }

  #detach(): void {
    const { source } = this.#options
    source.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onGone).off('close', this.#onGone)
  }
}
