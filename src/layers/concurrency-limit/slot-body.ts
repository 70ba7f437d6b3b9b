import type { BodySink, BodyStream } from '../../core/body.ts'
import type { Failure } from '../../core/failure.ts'
import type { HeaderPairs } from '../../core/headers.ts'

/** A body that reports once that it is over: ended, failed, or discarded. */
export class SlotBody implements BodyStream, BodySink {
  readonly #body: BodyStream
  readonly #onOver: () => void
  #sink: BodySink | undefined
  #isOver = false

  constructor(body: BodyStream, onOver: () => void) {
    this.#body = body
    this.#onOver = onOver
  }

  pipe(sink: BodySink): void {
    this.#sink = sink
    this.#body.pipe(this)
  }

  resume(): void {
    this.#body.resume()
  }

  discard(): void {
    this.#body.discard()
    this.#over()
  }

  write(chunk: Uint8Array, spent?: () => void): boolean {
    return this.#sink?.write(chunk, spent) ?? true
  }

  end(trailers: HeaderPairs): void {
    this.#over()
    this.#sink?.end(trailers)
  }

  fail(reason: Failure): void {
    this.#over()
    this.#sink?.fail(reason)
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver()
  }
}
