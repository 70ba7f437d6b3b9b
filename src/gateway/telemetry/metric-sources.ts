import type { Inspector } from '../../admin/inspector.ts'
import { matchText } from '../../config/match.ts'
import { type Config, strategyOf } from '../../config/schema.ts'
import type { Service } from '../../core/service.ts'
import { descriptorFigures } from '../../kit/descriptors.ts'
import type { AdmissionFigures } from '../../layers/concurrency-limit/figures.ts'
import type { DeliveryStore } from '../../store/delivery-store.ts'
import type { CountedParts } from '../../telemetry/counts/places.ts'
import type { MetricSources, WorkerCounts } from '../../telemetry/metrics/sources.ts'
import type { RoutedHandler } from '../../transport/server/route-handler.ts'
import { targetsOf } from '../../upstream/targets.ts'
import { ownPage } from '../pages.ts'

/** Whether anybody can read what is counted; where nobody can, nothing is. */
export function isCounted({ admin, metrics }: Config): boolean {
  return admin !== undefined || metrics.path !== undefined
}

/** What is counted: the same in every thread that has this configuration. */
export function countedParts(config: Config): CountedParts {
  return {
    boundsMs: config.metrics.buckets,
    routes: config.routes.map((route) => ({ name: matchText(route.match), strategy: strategyOf(route) })),
    targets: Object.entries(config.upstreams)
      .flatMap(([name, upstream]) => targetsOf(name, upstream))
      .map(({ upstream, name }) => ({ upstream, name })),
    live: config.admin !== undefined,
  }
}

/** What comes into being later than the metrics, and is asked when they are read. */
export interface MeteredParts {
  /** All threads. */
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

/** What the pages of the front tell is there once for all threads. */
export interface WatchedPages {
  readonly metrics: Service
  readonly status: Service
}

/** The pages of the front that the configuration asks for. */
export function watchPages({ metrics: { path }, status }: Config, pages: WatchedPages): readonly RoutedHandler[] {
  return [
    ...(path === undefined ? [] : [ownPage(path, 'metrics', pages.metrics)]),
    ...(status === undefined ? [] : [ownPage(status.path, 'status', pages.status)]),
  ]
}

async function sizesOf(store: DeliveryStore): ReturnType<NonNullable<MetricSources['store']>> {
  const figures = await store.figures()
  return 'code' in figures ? undefined : figures
}

function limitsOf(figures: AdmissionFigures | undefined): Awaited<ReturnType<NonNullable<MetricSources['limits']>>> {
  if (figures === undefined) return {}
  return { ...(figures.whole !== undefined && { '*': figures.whole }), ...figures.routes }
}
