import type { BodySink, BodyStream } from '../core/body.ts'
import { type Failure, failure } from '../core/failure.ts'

/** Reads a body whole. More than `maxBytes` is a failure, and the rest is not read. */
export function collect(body: BodyStream, maxBytes: number): Promise<Uint8Array | Failure> {
  return new Promise((resolve) => body.pipe(new Collector(body, maxBytes, resolve)))
}

export function tooLarge(maxBytes: number): Failure {
  return failure('UPSTREAM_INVALID', `The answer is larger than ${maxBytes} bytes`)
}

class Collector implements BodySink {
  readonly #body: BodyStream
  readonly #maxBytes: number
  readonly #resolve: (result: Uint8Array | Failure) => void
  readonly #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(body: BodyStream, maxBytes: number, resolve: (result: Uint8Array | Failure) => void) {
    this.#body = body
    this.#maxBytes = maxBytes
    this.#resolve = resolve
  }

  write(chunk: Uint8Array): boolean {
    // Given up already; what arrived before that may still be handed over.
    if (this.#bytes > this.#maxBytes) return true
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) {
      this.#resolve(tooLarge(this.#maxBytes))
      this.#body.discard()
    } else this.#chunks.push(chunk)
    return true
  }

  end(): void {
    this.#resolve(this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks))
  }

  fail(reason: Failure): void {
    this.#resolve(reason)
  }
}
