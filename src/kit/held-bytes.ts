import type { HeldMemory } from './held-memory.ts'

/** Bytes held in memory for one call; not counted without a `HeldMemory`. */
export class HeldBytes {
  readonly #memory: HeldMemory | undefined
  #bytes = 0
  #isReleased = false

  constructor(memory: HeldMemory | undefined) {
    this.#memory = memory
  }

  hold(bytes: number): boolean {
    // Nobody would release the bytes any more.
    if (this.#isReleased) return false
    if (this.#memory === undefined) return true
    if (!this.#memory.take(bytes)) return false
    this.#bytes += bytes
    return true
  }

  letGo(bytes: number): void {
    const held = Math.min(bytes, this.#bytes)
    this.#bytes -= held
    this.#memory?.add(-held)
  }

  /** Counts at least `bytes`, whether there is room or not: they are in memory already. */
  holdAtLeast(bytes: number): void {
    if (this.#memory === undefined || this.#isReleased || bytes <= this.#bytes) return
    this.#memory.add(bytes - this.#bytes)
    this.#bytes = bytes
  }

  release(): void {
    this.#isReleased = true
    this.letGo(this.#bytes)
  }
}

/** Shared by calls that have ended and held nothing. */
export const releasedBytes = new HeldBytes(undefined)
releasedBytes.release()
