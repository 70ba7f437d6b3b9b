import type { Layout } from './layout.ts'

/** A thread that counts, as whoever reads sees it. */
export interface Writer<B extends ArrayBufferLike = SharedArrayBuffer> {
  /** What it counts into from its next change of configuration on, or from its start. */
  readonly block: B
  /** It says that it counts into this block now, and into none that it was given before. */
  countsInto(block: B): void
  /** Of this thread alone. */
  read(place: number): number
  /** It is no more: what was in flight there is not any longer, what it has counted stays. */
  end(): void
}

/** What blocks are made of: `SharedArrayBuffer` for another thread, `ArrayBuffer` for this one, which is some 10 ns a call faster. */
export type Memory<B extends ArrayBufferLike> = new (bytes: number) => B

/** Another layout, for which every writer has a block already. */
export interface PreparedLayout {
  /** From now on it is what is read. */
  commit(): void
  /** All is read as before, what was counted meanwhile included; every thread goes back to the block that it had. */
  undo(): void
}

/** Numbers, and where in them each place of the layout stands that is read; at the same place, if it is not said. */
interface Part {
  readonly values: Float64Array
  readonly places: Int32Array | undefined
}

/**
 * What several threads have counted, read as one. Each has a block of its own, which nobody else writes: no atomic
 * operation is needed, as an aligned number of 64 bits is read whole, and the counts of a place only ever grow.
 *
 * When the layout changes every thread is given a new block, and counts into the old one until it has changed too. So a
 * thread has several blocks for a while, and what it has counted is their sum at any time: a call may begin in one and
 * end in the next. The old layout is read until the change is committed, so that one that is undone has lost nothing.
 * Blocks that are done with are added to one, so that memory grows neither with changes of the
 * configuration nor with threads that come and go.
 *
 * Each block is read in whole numbers: their sum is the same in any order, and does not fall by a last bit when two are
 * joined.
 */
export class Blocks {
  #layout: Layout
  /** Of threads that have ended. */
  #ended: Float64Array
  #parts: readonly Part[] = []
  readonly #writers = new Set<BlockWriter<ArrayBufferLike>>()
  #next: Layout | undefined

  constructor(layout: Layout) {
    this.#layout = layout
    this.#ended = new Float64Array(layout.size)
    this.#gather()
  }

  /** A thread that begins to count. */
  open<B extends ArrayBufferLike>(memory: Memory<B>): Writer<B> {
    const writer = new BlockWriter(this.#layout, memory, {
      changed: () => this.#gather(),
      ended: (counts) => {
        this.#writers.delete(writer)
        for (const [place, count] of counts.entries()) add(this.#ended, place, count)
        this.#gather()
      },
    })
    if (this.#next !== undefined) writer.prepare(this.#next)
    this.#writers.add(writer)
    this.#gather()
    return writer
  }

  /** Over all threads, in the layout of now. */
  read(place: number): number {
    return sumOf(this.#parts, place)
  }

  /** The same of as many places in a row as there is room for, which were handed out together. */
  readRow(first: number, into: Float64Array): void {
    into.fill(0)
    for (const { values, places } of this.#parts) {
      const at = places === undefined ? first : (places[first] as number)
      if (at < 0) continue
      for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + Math.floor(values[at + i] as number)
    }
  }

  /** Every thread has a new block of this layout, to be told to it. One change at a time. */
  prepare(layout: Layout): PreparedLayout {
    this.#next = layout
    for (const writer of this.#writers) writer.prepare(layout)
    this.#gather()
    return {
      commit: () => {
        const moved = layout.placesIn(this.#layout)
        this.#ended = joined([{ values: this.#ended, places: moved }], layout)
        this.#layout = layout
        this.#next = undefined
        for (const writer of this.#writers) writer.commit(layout, moved)
        this.#gather()
      },
      undo: () => {
        this.#next = undefined
        for (const writer of this.#writers) writer.undo()
        this.#gather()
      },
    }
  }

  #gather(): void {
    const ofWriters = [...this.#writers].flatMap(({ parts }) => parts)
    this.#parts = [{ values: this.#ended, places: undefined }, ...ofWriters]
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
  /** Of a layout that is prepared: read as the present one would have it. */
  #next: Block<B> | undefined
  /** Whether the thread counts into it already. */
  #isInNext = false
  /** Of blocks that it is done with. */
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

  read(place: number): number {
    return this.#hasEnded ? 0 : sumOf(this.parts, place)
  }

  prepare(layout: Layout): void {
    this.#next = { ...newBlock(layout, this.#memory), places: this.#layout.placesIn(layout) }
    this.#isInNext = false
  }

  commit(layout: Layout, moved: Int32Array): void {
    const next = this.#next
    if (next === undefined) return
    this.#next = undefined
    this.#layout = layout
    this.#done = this.#done.map((part) => movedTo(part, moved))
    const before = this.#blocks.map((part) => ({ ...movedTo(part, moved), block: part.block }))
    this.#blocks = [...before, { ...next, places: undefined }]
    if (this.#isInNext) this.countsInto(next.block)
  }

  undo(): void {
    if (this.#next !== undefined) this.#done = [...this.#done, this.#next]
    this.#next = undefined
  }

  countsInto(block: B): void {
    // It may have to go back to the one before.
    if (block === this.#next?.block) {
      this.#isInNext = true
      return
    }
    const current = this.#blocks.findIndex((part) => part.block === block)
    // It may have ended, or have said it before.
    if (this.#hasEnded || current < 1) return
    const done = [...this.#done, ...this.#blocks.slice(0, current)]
    this.#done = [{ values: joined(done, this.#layout), places: undefined }]
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
  return { block, values: new Float64Array(block), places: undefined }
}

/** Through every layout in between: what one of them did not have has ended there, though a later one has it again. */
function movedTo({ values, places }: Part, moved: Int32Array): Part {
  if (places === undefined) return { values, places: moved }
  return { values, places: moved.map((place) => (place < 0 ? -1 : (places[place] as number))) }
}

function joined(parts: readonly Part[], { size }: Layout): Float64Array {
  return Float64Array.from({ length: size }, (_, place) => sumOf(parts, place))
}

function sumOf(parts: readonly Part[], place: number): number {
  let sum = 0
  for (let i = 0; i < parts.length; i++) {
    const { values, places } = parts[i] as Part
    const at = places === undefined ? place : (places[place] as number)
    if (at >= 0) sum += Math.floor(values[at] as number)
  }
  return sum
}

function add(values: Float64Array, place: number, by: number): void {
  values[place] = (values[place] as number) + by
}
