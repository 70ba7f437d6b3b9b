import type { HeldMemory } from './held-memory.ts'

/** What is held in memory for one call; without a memory it is not counted. */
export class HeldBytes {
  readonly #memory: HeldMemory | undefined
  #bytes = 0
  #isReleased = false

  constructor(memory: HeldMemory | undefined) {
    this.#memory = memory
  }

  hold(bytes: number): boolean {
    // Nobody would let it go.
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

  /** As much is there in any case. */
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

/** Of calls that have ended and held nothing. */
export const releasedBytes = new HeldBytes(undefined)
releasedBytes.release()
