import type { EventBus } from '../../kit/event-bus.ts'
import type { CountedParts } from './cells.ts'
import { Counting } from './counting.ts'
import { listen } from './listen.ts'

/** A thread that counts the events of its calls. */
export interface CountingThread {
  /** Counts by another configuration, into its block. Calls in flight are kept. */
  change(parts: CountedParts, block: ArrayBufferLike): void
  close(): void
}

export interface CountingOptions {
  readonly parts: CountedParts
  /** Block of this thread's `Writer` (`Counts.open`), created for these parts. */
  readonly block: ArrayBufferLike
  /** Set if calls are already in flight: earlier ones are neither counted as in flight nor subtracted at their end. */
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
