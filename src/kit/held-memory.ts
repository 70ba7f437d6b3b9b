import type { Levels, MemoryScope } from './shared-memory.ts'

/** Shared numbers have 32 bits: in KiB they reach to 2 TiB. */
const unitBytes = 1024

/** What calls hold in memory, requests and answers, of all workers together, and how much that may be. */
export class HeldMemory {
  readonly #shared: Levels
  /** Of this thread. */
  #bytes = 0
  #limitBytes: number

  constructor(memory: Pick<MemoryScope, 'levels'>, limitBytes: number) {
    this.#shared = memory.levels('held memory', 1)
    this.#limitBytes = limitBytes
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  /** From now on; what is held stays. */
  limit(limitBytes: number): void {
    this.#limitBytes = limitBytes
  }

  /** Of all threads; rounded up to a KiB for each. */
  get bytes(): number {
    return this.#shared.sum(0) * unitBytes
  }

  /** False, and nothing is counted: there is no room. Two threads at once may both be told so, and never both get the last. */
  take(bytes: number): boolean {
    this.add(bytes)
    if (this.bytes <= this.#limitBytes) return true
    this.add(-bytes)
    return false
  }

  /** Counts what is there in any case, or (below zero) is no more. */
  add(bytes: number): void {
    const before = Math.ceil(this.#bytes / unitBytes)
    this.#bytes += bytes
    const units = Math.ceil(this.#bytes / unitBytes) - before
    if (units !== 0) this.#shared.add(0, units)
  }
}
