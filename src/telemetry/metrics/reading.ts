import type { DescriptorFigures } from '../../kit/descriptors.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { Counts } from '../counts/counts.ts'
import type { Sample } from './sample.ts'
import type {
  ClientConnections,
  HeldFigures,
  LimitFigures,
  MetricSources,
  ReloadCounts,
  StoreSizes,
  TargetConnections,
  TargetHealthFigures,
  WorkerCounts,
} from './sources.ts'

/** The input of all metrics, taken at one time. */
export interface Reading {
  readonly counts: Counts
  readonly process: ProcessFigures | undefined
  readonly descriptors: DescriptorFigures | undefined
  readonly clients: ClientConnections | undefined
  readonly targetConnections: Readonly<Record<string, TargetConnections>>
  readonly store: StoreSizes | undefined
  readonly waiters: number | undefined
  readonly limits: Readonly<Record<string, LimitFigures>>
  readonly dropped: Readonly<Record<string, number>>
  readonly targets: readonly TargetHealthFigures[]
  readonly held: HeldFigures | undefined
  readonly workers: WorkerCounts | undefined
  readonly reloads: ReloadCounts | undefined
}

export type Collect = (reading: Reading) => readonly Sample[]

/** Asks all sources concurrently, because each may be slow. */
export async function takeReading(counts: Counts, sources: MetricSources): Promise<Reading> {
  const [store, process, descriptors, clients, targetConnections = {}, waiters, limits = {}, dropped = {}] =
    await Promise.all([
      sources.store?.(),
      sources.process?.(),
      sources.descriptors?.(),
      sources.clientConnections?.(),
      sources.targetConnections?.(),
      sources.waiters?.(),
      sources.limits?.(),
      sources.dropped?.(),
    ])
  const [targets, workers, reloads] = [sources.targets?.() ?? [], sources.workers?.(), sources.reloads?.()]
  const held = sources.held?.()
  return {
    held,
    counts,
    store,
    process,
    descriptors,
    clients,
    targetConnections,
    waiters,
    limits,
    dropped,
    targets,
    workers,
    reloads,
  }
}
