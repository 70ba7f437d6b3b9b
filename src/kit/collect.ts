import type { BodySink, BodyStream } from '../core/body.ts'
import type { Call } from '../core/call.ts'
import { type Failure, failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import { ok, type Result } from '../core/result.ts'

/** Counts the held bytes. */
export type Holder = Pick<Call, 'hold' | 'letGo'>

/** Reads a whole body. If it exceeds `maxBytes` or the holder's room, it fails and the rest is not read. */
export function collect(body: BodyStream, maxBytes: number, holder?: Holder): Promise<Result<Uint8Array>> {
  return new Promise((resolve) => body.pipe(new Collector(body, maxBytes, holder, resolve)))
}

export function noRoomFor(what: string): Failure {
  return failure(
    'OVERLOADED',
    `There is no memory left to buffer ${what}: requests and answers have filled memory.held`,
  )
}

export function tooLarge(maxBytes: number): Failure {
  return failure('UPSTREAM_INVALID', `The answer is larger than ${maxBytes} bytes`)
}

class Collector implements BodySink {
  readonly #body: BodyStream
  readonly #maxBytes: number
  readonly #holder: Holder | undefined
  readonly #resolve: (result: Result<Uint8Array>) => void
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #isOver = false

  constructor(
    body: BodyStream,
    maxBytes: number,
    holder: Holder | undefined,
    resolve: (result: Result<Uint8Array>) => void,
  ) {
    this.#body = body
    this.#maxBytes = maxBytes
    this.#holder = holder
    this.#resolve = resolve
  }

  write(chunk: Uint8Array): boolean {
    // Given up already, but chunks that had arrived by then may still be delivered.
    if (this.#isOver) return true
    if (this.#bytes + chunk.length > this.#maxBytes) this.#giveUp(tooLarge(this.#maxBytes))
    else if (this.#holder?.hold(chunk.length) === false) this.#giveUp(noRoomFor('the answer'))
    else {
      this.#bytes += chunk.length
      this.#chunks.push(chunk)
    }
    return true
  }

  #giveUp(reason: Failure): void {
    this.fail(reason)
    this.#body.discard()
  }

  end(): void {
    this.#resolve(ok(this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks)))
  }

  fail(reason: Failure): void {
    if (!this.#isOver) this.#holder?.letGo(this.#bytes)
    this.#isOver = true
    this.#chunks.length = 0
    this.#resolve(failed(reason))
  }
}
