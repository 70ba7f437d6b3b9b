import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { Counting } from './counting.ts'
import type { Sample } from './sample.ts'
import type { ClientConnections, MetricSources, StoreSizes } from './sources.ts'

/** All that the metrics are made from, taken at one time. */
export interface Reading {
  readonly counting: Counting
  readonly process: ProcessFigures | undefined
  readonly clients: ClientConnections | undefined
  readonly targetConnections: ReadonlyMap<string, { readonly open: number; readonly idle: number }>
  readonly store: StoreSizes | undefined
  readonly waiters: number | undefined
  readonly dropped: Readonly<Record<string, () => number>>
}

export type Collect = (reading: Reading) => readonly Sample[]

export async function takeReading(counting: Counting, sources: MetricSources): Promise<Reading> {
  return {
    counting,
    // First what takes its time, so that the rest is of one moment.
    store: await sources.store?.(),
    process: sources.process?.figures(),
    clients: sources.clientConnections?.(),
    targetConnections: sources.targetConnections?.() ?? new Map(),
    waiters: sources.waiters?.(),
    dropped: sources.dropped ?? {},
  }
}
