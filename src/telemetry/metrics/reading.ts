import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { Counts } from '../counts/counts.ts'
import type { Sample } from './sample.ts'
import type {
  ClientConnections,
  MetricSources,
  ReloadCounts,
  StoreSizes,
  TargetConnections,
  WorkerCounts,
} from './sources.ts'

/** All that the metrics are made from, taken at one time. */
export interface Reading {
  readonly counts: Counts
  readonly process: ProcessFigures | undefined
  readonly clients: ClientConnections | undefined
  readonly targetConnections: Readonly<Record<string, TargetConnections>>
  readonly store: StoreSizes | undefined
  readonly waiters: number | undefined
  readonly dropped: Readonly<Record<string, number>>
  readonly workers: WorkerCounts | undefined
  readonly reloads: ReloadCounts | undefined
}

export type Collect = (reading: Reading) => readonly Sample[]

/** Asks all at once, as each may take its time. */
export async function takeReading(counts: Counts, sources: MetricSources): Promise<Reading> {
  const [store, process, clients, targetConnections = {}, waiters, dropped = {}] = await Promise.all([
    sources.store?.(),
    sources.process?.(),
    sources.clientConnections?.(),
    sources.targetConnections?.(),
    sources.waiters?.(),
    sources.dropped?.(),
  ])
  const [workers, reloads] = [sources.workers?.(), sources.reloads?.()]
  return { counts, store, process, clients, targetConnections, waiters, dropped, workers, reloads }
}
