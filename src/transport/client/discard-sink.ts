import type { BodySink } from '../../core/body.ts'

/** Up to here the rest of an unwanted body is read, so that its connection can be kept; beyond, it is closed. */
const maxDiscardedBytes = 64 * 1024

/** Reads a little and then gives up. */
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
