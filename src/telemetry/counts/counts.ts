import { Blocks, type Memory, type PreparedLayout, type Writer } from './blocks.ts'
import { type CountedParts, Places } from './places.ts'

/** All that every thread has counted, for whoever shows it, by the names of the configuration in force. */
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

  /** As many places as there is room for, from one on; they have to be of one row. */
  readRow(first: number, into: Float64Array): void {
    this.#blocks.readRow(first, into)
  }

  /** Calls that are in flight in one thread; of one that has died, before its writer is ended: those that are lost. */
  inFlightIn(thread: Pick<Writer, 'read'>): number {
    const { routes } = this.#places
    return routes.reduce((sum, { inFlight }) => sum + thread.read(inFlight), 0)
  }

  /** A thread that is to count: it has to be handed the writer's block. */
  open<B extends ArrayBufferLike>(memory: Memory<B>): Writer<B> {
    return this.#blocks.open(memory)
  }

  /**
   * Another configuration: every writer has a new block, for its thread to change to. It is read by the one before until
   * that is committed; then what both have in common goes on counting.
   */
  prepare(parts: CountedParts): PreparedLayout {
    const places = new Places(parts)
    const prepared = this.#blocks.prepare(places.layout)
    return {
      commit: () => {
        this.#places = places
        prepared.commit()
      },
      undo: () => prepared.undo(),
    }
  }
}
