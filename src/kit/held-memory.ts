import type { Levels, MemoryScope } from './shared-memory.ts'

/** Shared numbers have 32 bits: counting in KiB, they reach 2 TiB. */
const unitBytes = 1024

/** Bytes of requests and responses that calls hold in memory, across all workers, and their limit. */
export class HeldMemory {
  readonly #shared: Levels
  /** Held by this thread. */
  #bytes = 0
  #limitBytes: number

  constructor(memory: Pick<MemoryScope, 'levels'>, limitBytes: number) {
    this.#shared = memory.levels('held memory', 1)
    this.#limitBytes = limitBytes
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  /** Applies from now on; held bytes stay held. */
  limit(limitBytes: number): void {
    this.#limitBytes = limitBytes
  }

  /** Held by all threads; rounded up to a KiB per thread. */
  get bytes(): number {
    return this.#shared.sum(0) * unitBytes
  }

  /** Returns false, counting nothing, if full. Two threads can both be refused the last bytes, never both get them. */
  take(bytes: number): boolean {
    this.add(bytes)
    if (this.bytes <= this.#limitBytes) return true
    this.add(-bytes)
    return false
  }

  /** Counts bytes unconditionally; a negative number releases bytes. */
  add(bytes: number): void {
    const before = Math.ceil(this.#bytes / unitBytes)
    this.#bytes += bytes
    const units = Math.ceil(this.#bytes / unitBytes) - before
    if (units !== 0) this.#shared.add(0, units)
  }
}
