import { RecentQuantiles } from '../../kit/quantiles.ts'
import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import type { HedgeAfter } from './options.ts'

/** Fewer good answers than this say too little about a quantile. */
const minSamples = 20

/** How long to wait for the first attempt. */
export interface HedgeDelay {
  delayMs(): number
  /** A good answer took so long, counted from its own attempt. Failures are not told: fast ones would pull it down. */
  observe(latencyMs: number): void
}

export function hedgeDelay(after: HedgeAfter, memory: MemoryScope = new SharedMemory()): HedgeDelay {
  if (typeof after === 'number') return { delayMs: () => after, observe: () => {} }
  const recent = new RecentQuantiles(memory)
  return {
    delayMs: () => {
      const measured = recent.size < minSamples ? after.start : (recent.at(after.quantile) ?? after.start)
      return Math.min(after.max, Math.max(after.min, measured))
    },
    observe: (latencyMs) => recent.add(latencyMs),
  }
}
