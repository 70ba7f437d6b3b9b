import { Duplex } from 'node:stream'
import type { Clock, Timer } from './clock.ts'

/** Who is at the other end, as the one who accepted the connection saw it. */
export interface PeerAddress {
  readonly remoteAddress: string
  readonly remotePort: number
}

/**
 * A connection that somebody else accepted and that comes here as a stream of bytes, with those parts of a `net.Socket`
 * that Node's HTTP server and what writes answers ask for: the peer's address, an idle timer, and counts of bytes.
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

  /** Those that wait here included, as a socket counts them. */
  get bytesWritten(): number {
    return this.#bytesTaken + this.writableLength
  }

  /** Emits `timeout` when no byte has passed for so long; 0 = never. */
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

  /** Once all is written. */
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

  /** A timer for each stretch of idleness, not for each chunk. */
  #watchIdle(): void {
    this.#isMoving = false
    this.#idleTimer = this.#clock.after(this.#idleMs, () => {
      if (this.#isMoving) this.#watchIdle()
      else this.emit('timeout')
    })
  }
}
