import type { Inspector } from '../admin/inspector.ts'
import { descriptorFigures } from '../kit/descriptors.ts'
import type { AdmissionFigures } from '../layers/concurrency-limit/figures.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { MetricSources, WorkerCounts } from '../telemetry/metrics/sources.ts'

/** Parts created after the metrics, and read on each scrape. */
export interface MeteredParts {
  /** Covers all threads. */
  readonly servers: Inspector
  readonly store: DeliveryStore | undefined
  /** Whether a route takes callbacks. */
  readonly hasWaiters: boolean
  readonly workers: () => WorkerCounts
}

export function sourcesOf({ servers, store, hasWaiters, workers }: MeteredParts): MetricSources {
  return {
    workers,
    process: () => servers.process(),
    descriptors: descriptorFigures,
    clientConnections: () => servers.connections(),
    targetConnections: () => servers.targetConnections(),
    limits: async () => limitsOf(await servers.admission()),
    dropped: () => servers.dropped(),
    waiters: hasWaiters ? async () => (await servers.waiters(0)).open : undefined,
    ...(store !== undefined && { store: () => sizesOf(store) }),
  }
}

async function sizesOf(store: DeliveryStore): ReturnType<NonNullable<MetricSources['store']>> {
  const figures = await store.figures()
  return figures.ok ? figures.value : undefined
}

function limitsOf(figures: AdmissionFigures | undefined): Awaited<ReturnType<NonNullable<MetricSources['limits']>>> {
  if (figures === undefined) return {}
  return { ...(figures.whole !== undefined && { '*': figures.whole }), ...figures.routes }
}
