import { Duplex } from 'node:stream'
import type { Clock, Timer } from './clock.ts'

/** Address of the peer, as seen by the thread that accepted the connection. */
export interface PeerAddress {
  readonly remoteAddress: string
  readonly remotePort: number
}

/**
 * A connection that another thread accepted and that arrives here as a stream of bytes, with the parts of `net.Socket`
 * that Node's HTTP server and the response writer need: the peer's address, an idle timer, and byte counts.
 */
export class HandedSocket extends Duplex implements PeerAddress {
  readonly remoteAddress: string
  readonly remotePort: number
  bytesRead = 0
  readonly #stream: Duplex
  readonly #clock: Clock
  #bytesTaken = 0
  #idleMs = 0
  #idleTimer: Timer | undefined
  #isMoving = false

  constructor(stream: Duplex, { remoteAddress, remotePort }: PeerAddress, clock: Clock) {
    super({ allowHalfOpen: true })
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
    this.#stream = stream
    this.#clock = clock
    stream.on('data', (chunk: Uint8Array) => {
      this.bytesRead += chunk.length
      this.#isMoving = true
      if (!this.push(chunk)) stream.pause()
    })
    stream.on('end', () => this.push(null))
    stream.on('error', (error) => this.destroy(error))
    stream.on('close', () => this.destroy())
  }

  /** Includes buffered bytes, like a socket's count. */
  get bytesWritten(): number {
    return this.#bytesTaken + this.writableLength
  }

  /** Emits `timeout` when no byte has passed for `idleMs`; 0 = never. */
  setTimeout(idleMs: number): this {
    this.#idleMs = idleMs
    this.#idleTimer?.cancel()
    this.#idleTimer = undefined
    if (idleMs > 0 && !this.destroyed) this.#watchIdle()
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  /** Destroys the stream once all data is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {
    this.#stream.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#stream.write(chunk, (error) => {
      this.#bytesTaken += chunk.length
      this.#isMoving = true
      done(error)
    })
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#idleTimer?.cancel()
    this.#stream.destroy()
    done(error)
  }

  /** One timer per idle period, not per chunk. */
  #watchIdle(): void {
    this.#isMoving = false
    this.#idleTimer = this.#clock.after(this.#idleMs, () => {
      if (this.#isMoving) this.#watchIdle()
      else this.emit('timeout')
    })
  }
}
