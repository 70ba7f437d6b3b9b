import type { BodySink } from '../../core/body.ts'

/** Most bytes of an unwanted body that are read to keep its connection; after more, the connection is closed. */
const maxDiscardedBytes = 64 * 1024

/** Discards a small body, and gives up on a larger one. */
export class DiscardSink implements BodySink {
  readonly #giveUp: () => void
  #bytes = 0

  constructor(giveUp: () => void) {
    this.#giveUp = giveUp
  }

  write(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > maxDiscardedBytes) this.#giveUp()
    return true
  }
  end(): void {}
  fail(): void {}
}
