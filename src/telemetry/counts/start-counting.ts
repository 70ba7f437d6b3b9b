import type { EventBus } from '../../kit/event-bus.ts'
import { Counting } from './counting.ts'
import { listen } from './listen.ts'
import type { CountedParts } from './places.ts'

/** A thread that counts what its calls do. */
export interface CountingThread {
  /** From now on by another configuration, into the block that belongs to it. Calls in flight are not lost. */
  change(parts: CountedParts, block: ArrayBufferLike): void
  close(): void
}

export interface CountingOptions {
  readonly parts: CountedParts
  /** Of the `Writer` that stands for this thread (`Counts.open`), made for these parts. */
  readonly block: ArrayBufferLike
  /** Where calls are in flight already: what began before is not counted as in flight, nor taken off it at its end. */
  readonly sinceMs?: number
}

export function startCounting(events: EventBus, options: CountingOptions): CountingThread {
  const { parts, block, sinceMs = Number.NEGATIVE_INFINITY } = options
  let counting = new Counting(parts, block)
  let stop = listen(events, counting, sinceMs)
  return {
    change: (nextParts, nextBlock) => {
      counting = new Counting(nextParts, nextBlock, counting)
      stop()
      stop = listen(events, counting, sinceMs)
    },
    close: () => stop(),
  }
}
