import type { Change } from '../../kit/reload.ts'
import { Blocks, type Memory, type Writer } from './blocks.ts'
import { Cells, type CountedParts } from './cells.ts'

/** Counts of all threads for readers, by the names of the configuration in force. */
export class Counts {
  #cells: Cells
  readonly #blocks: Blocks

  constructor(parts: CountedParts) {
    this.#cells = new Cells(parts)
    this.#blocks = new Blocks(this.#cells.layout)
  }

  get cells(): Cells {
    return this.#cells
  }

  read(cell: number): number {
    return this.#blocks.read(cell)
  }

  /** Reads as many consecutive cells as `into` holds; they must belong to one row. */
  readRow(first: number, into: Float64Array): void {
    this.#blocks.readRow(first, into)
  }

  /** Calls in flight in one thread. For a dead thread, read it before its writer is ended: the number of lost calls. */
  inFlightIn(thread: Pick<Writer, 'read'>): number {
    const { routes } = this.#cells
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
    const cells = new Cells(parts)
    const prepared = this.#blocks.prepare(cells.layout)
    return {
      commit: () => {
        this.#cells = cells
        prepared.commit()
      },
      rollback: () => prepared.rollback(),
    }
  }
}
