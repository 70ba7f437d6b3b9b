import { Readable } from 'node:stream'

/**
 * The client's request body on its way to a target. undici destroys the body of an exchange that breaks; the client's own
 * request must not be destroyed with it, or its connection would close before it has been told what went wrong. Nothing
 * is read before the target's connection is there, so that a request that was never sent can be sent again.
 */
export class ClientBody extends Readable {
  readonly #source: Readable
  #isStarted = false

  constructor(source: Readable) {
    super()
    this.#source = source
  }

  /** Whether bytes have been taken that cannot be given back. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  override _read(): void {
    if (this.#isStarted) {
      this.#source.resume()
      return
    }
    this.#isStarted = true
    this.#source.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError)
    if (this.#isStarted) this.#source.pause()
    done(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#source.pause()
  }

  readonly #onEnd = (): void => {
    this.push(null)
  }

  readonly #onError = (error: Error): void => {
    this.destroy(error)
  }
}
