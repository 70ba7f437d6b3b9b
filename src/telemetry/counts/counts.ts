import type { Change } from '../../kit/reload.ts'
import { Blocks, type Memory, type Writer } from './blocks.ts'
import { type CountedParts, Places } from './places.ts'

/** Counts of all threads for readers, by the names of the configuration in force. */
export class Counts {
  #places: Places
  readonly #blocks: Blocks

  constructor(parts: CountedParts) {
    this.#places = new Places(parts)
    this.#blocks = new Blocks(this.#places.layout)
  }

  get places(): Places {
    return this.#places
  }

  read(place: number): number {
    return this.#blocks.read(place)
  }

  /** Reads as many consecutive cells as `into` holds; they must belong to one row. */
  readRow(first: number, into: Float64Array): void {
    this.#blocks.readRow(first, into)
  }

  /** Calls in flight in one thread. For a dead thread, read it before its writer is ended: the number of lost calls. */
  inFlightIn(thread: Pick<Writer, 'read'>): number {
    const { routes } = this.#places
    return routes.reduce((sum, { inFlight }) => sum + thread.read(inFlight), 0)
  }

  /** Adds a counting thread; the caller sends it the writer's block. */
  open<B extends ArrayBufferLike>(memory: Memory<B>): Writer<B> {
    return this.#blocks.open(memory)
  }

  /**
   * Prepares another configuration: every writer gets a new block for its thread to switch to. Reads use the previous
   * one until the commit; then everything that both have in common goes on counting.
   */
  prepare(parts: CountedParts): Change {
    const places = new Places(parts)
    const prepared = this.#blocks.prepare(places.layout)
    return {
      commit: () => {
        this.#places = places
        prepared.commit()
      },
      rollback: () => prepared.rollback(),
    }
  }
}
