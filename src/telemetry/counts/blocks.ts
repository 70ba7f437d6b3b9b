import type { Change } from '../../kit/reload.ts'
import type { Layout } from './layout.ts'

/** A counting thread, as seen by the reader. */
export interface Writer<B extends ArrayBufferLike = SharedArrayBuffer> {
  /** The block to count into from the next configuration change on, or from the start. */
  readonly block: B
  /** The thread now counts into this block, and into no earlier one. */
  countsInto(block: B): void
  /** The value of this thread alone. */
  read(cell: number): number
  /** The thread has ended: its levels (calls in flight) are dropped, its counts stay. */
  end(): void
}

/**
 * Memory of a block: `SharedArrayBuffer` for another thread, `ArrayBuffer` for this one, which saves some 10 ns per
 * call.
 */
export type Memory<B extends ArrayBufferLike> = new (bytes: number) => B

/** Numbers, and for each cell of the layout in use its index in them; without `indexes` the index is the same. */
interface Part {
  readonly values: Float64Array
  readonly indexes: Int32Array | undefined
}

/**
 * The sum of the counts of several threads. Each thread alone writes its own block. No atomic operation is needed,
 * because an aligned 64-bit number is read whole and the counts of a cell only grow.
 *
 * When the layout changes, every thread gets a new block and counts into the old one until it has switched. So a thread
 * has several blocks for a while, and its count is always their sum: a call may begin in one and end in the next. Reads
 * use the old layout until the change is committed, so that an undone change loses nothing. Finished blocks are merged
 * into one, so that memory grows neither with configuration changes nor with threads that come and go.
 *
 * Values are read as whole numbers: the sum is then the same in any order, and cannot drop by a last bit when two
 * blocks are merged.
 */
export class Blocks {
  #layout: Layout
  /** Counts of ended threads. */
  #ended: Float64Array
  #parts: readonly Part[] = []
  readonly #writers = new Set<BlockWriter<ArrayBufferLike>>()
  #next: Layout | undefined

  constructor(layout: Layout) {
    this.#layout = layout
    this.#ended = new Float64Array(layout.size)
    this.#gather()
  }

  /** Adds a counting thread. */
  open<B extends ArrayBufferLike>(memory: Memory<B>): Writer<B> {
    const writer = new BlockWriter(this.#layout, memory, {
      changed: () => this.#gather(),
      ended: (counts) => {
        this.#writers.delete(writer)
        for (const [cell, count] of counts.entries()) add(this.#ended, cell, count)
        this.#gather()
      },
    })
    if (this.#next !== undefined) writer.prepare(this.#next)
    this.#writers.add(writer)
    this.#gather()
    return writer
  }

  /** Sum over all threads, in the current layout. */
  read(cell: number): number {
    return sumOf(this.#parts, cell)
  }

  /** Reads as many consecutive cells as `into` holds; they must have been allocated together. */
  readRow(first: number, into: Float64Array): void {
    into.fill(0)
    for (const { values, indexes } of this.#parts) {
      const at = indexes === undefined ? first : (indexes[first] as number)
      if (at < 0) continue
      for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + Math.floor(values[at + i] as number)
    }
  }

  /**
   * Gives every thread a new block of this layout, to be sent to it. One change at a time. Reads use the new layout from
   * the commit on; after a rollback they include what a thread that began in its new block has counted there.
   */
  prepare(layout: Layout): Change {
    this.#next = layout
    for (const writer of this.#writers) writer.prepare(layout)
    this.#gather()
    return {
      commit: () => {
        const moved = layout.indexesIn(this.#layout)
        this.#ended = joined([{ values: this.#ended, indexes: moved }], layout)
        this.#layout = layout
        this.#next = undefined
        for (const writer of this.#writers) writer.commit(layout, moved)
        this.#gather()
      },
      rollback: () => {
        this.#next = undefined
        for (const writer of this.#writers) writer.rollback()
        this.#gather()
      },
    }
  }

  #gather(): void {
    const ofWriters = [...this.#writers].flatMap(({ parts }) => parts)
    this.#parts = [{ values: this.#ended, indexes: undefined }, ...ofWriters]
  }
}

interface WriterEvents {
  readonly changed: () => void
  readonly ended: (counts: Float64Array) => void
}

interface Block<B extends ArrayBufferLike> extends Part {
  readonly block: B
}

class BlockWriter<B extends ArrayBufferLike> implements Writer<B> {
  readonly #events: WriterEvents
  readonly #memory: Memory<B>
  #layout: Layout
  #blocks: readonly Block<B>[]
  /** The block of a prepared layout, read through the current layout. */
  #next: Block<B> | undefined
  /** Whether the thread already counts into `#next`. */
  #isInNext = false
  /** Blocks that the thread has left. */
  #done: readonly Part[] = []
  #hasEnded = false

  constructor(layout: Layout, memory: Memory<B>, events: WriterEvents) {
    this.#layout = layout
    this.#memory = memory
    this.#events = events
    this.#blocks = [newBlock(layout, memory)]
  }

  get block(): B {
    const newest = this.#next ?? this.#blocks.at(-1)
    if (newest === undefined) throw new Error('a thread has always a block')
    return newest.block
  }

  get parts(): readonly Part[] {
    const blocks = [...this.#done, ...this.#blocks]
    return this.#next === undefined ? blocks : [...blocks, this.#next]
  }

  read(cell: number): number {
    return this.#hasEnded ? 0 : sumOf(this.parts, cell)
  }

  prepare(layout: Layout): void {
    this.#next = { ...newBlock(layout, this.#memory), indexes: this.#layout.indexesIn(layout) }
    this.#isInNext = false
  }

  commit(layout: Layout, moved: Int32Array): void {
    const next = this.#next
    if (next === undefined) return
    this.#next = undefined
    this.#layout = layout
    this.#done = this.#done.map((part) => movedTo(part, moved))
    const before = this.#blocks.map((part) => ({ ...movedTo(part, moved), block: part.block }))
    this.#blocks = [...before, { ...next, indexes: undefined }]
    if (this.#isInNext) this.countsInto(next.block)
  }

  /** Keeps a block only if the thread has begun in it: there may be any number of rollbacks before the next commit. */
  rollback(): void {
    const next = this.#next
    this.#next = undefined
    if (next !== undefined && (this.#isInNext || next.values.some((value) => value !== 0))) {
      this.#done = [...this.#done, next]
    }
  }

  countsInto(block: B): void {
    // The thread may have to return to the previous block.
    if (block === this.#next?.block) {
      this.#isInNext = true
      return
    }
    const current = this.#blocks.findIndex((part) => part.block === block)
    // The thread may have ended, or have acknowledged this before.
    if (this.#hasEnded || current < 1) return
    const done = [...this.#done, ...this.#blocks.slice(0, current)]
    this.#done = [{ values: joined(done, this.#layout), indexes: undefined }]
    this.#blocks = this.#blocks.slice(current)
    this.#events.changed()
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const counts = joined(this.parts, this.#layout)
    for (const level of this.#layout.levels) counts[level] = 0
    this.#events.ended(counts)
  }
}

function newBlock<B extends ArrayBufferLike>({ size }: Layout, memory: Memory<B>): Block<B> {
  const block = new memory(size * Float64Array.BYTES_PER_ELEMENT)
  return { block, values: new Float64Array(block), indexes: undefined }
}

/**
 * Maps through every layout in between: a cell missing from one of them has ended there, even if a later one has it.
 */
function movedTo({ values, indexes }: Part, moved: Int32Array): Part {
  if (indexes === undefined) return { values, indexes: moved }
  return { values, indexes: moved.map((cell) => (cell < 0 ? -1 : (indexes[cell] as number))) }
}

function joined(parts: readonly Part[], { size }: Layout): Float64Array {
  return Float64Array.from({ length: size }, (_, cell) => sumOf(parts, cell))
}

function sumOf(parts: readonly Part[], cell: number): number {
  let sum = 0
  for (let i = 0; i < parts.length; i++) {
    const { values, indexes } = parts[i] as Part
    const at = indexes === undefined ? cell : (indexes[cell] as number)
    if (at >= 0) sum += Math.floor(values[at] as number)
  }
  return sum
}

function add(values: Float64Array, cell: number, by: number): void {
  values[cell] = (values[cell] as number) + by
}
