import { matchText } from '../config/match.ts'
import { type Config, strategyOf } from '../config/schema.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { Metrics } from '../telemetry/metrics/metrics.ts'
import type { MetricSources } from '../telemetry/metrics/sources.ts'
import type { Listener } from '../transport/server/listener.ts'
import { ownPage } from './own-page.ts'
import type { RoutedHandler } from './router.ts'
import { statusPage } from './status-page.ts'
import type { Upstream } from './upstreams.ts'

interface MeteringOptions {
  readonly events: EventBus
  readonly upstreams: ReadonlyMap<string, Upstream>
}

/** Metrics of what the configuration has. */
export function startMetrics(config: Config, { events, upstreams }: MeteringOptions): Metrics {
  const all = [...upstreams.values()]
  const metrics = new Metrics({
    events,
    show: config.metrics,
    boundsMs: config.metrics.buckets,
    routes: config.routes.map((route) => ({ name: matchText(route.match), strategy: strategyOf(route) })),
    targets: all.flatMap(({ targets }) => targets),
  })
  metrics.connect({ targetConnections: () => new Map(all.map(({ name, client }) => [name, client.connections()])) })
  return metrics
}

/** What comes into being later than the metrics, and is asked when they are read. */
export interface MeteredParts {
  readonly front: Listener
  readonly store: DeliveryStore | undefined
  /** How many clients wait for a callback; undefined where no route has any. */
  readonly waiters: (() => number) | undefined
}

export function sourcesOf({ front, store, waiters }: MeteredParts): MetricSources {
  return {
    clientConnections: () => front.figures(),
    ...(store !== undefined && { store: () => sizesOf(store) }),
    ...(waiters !== undefined && { waiters }),
  }
}

/** The pages of the front that the configuration asks for. */
export function watchPages(
  { metrics: { path }, status }: Config,
  metrics: Metrics | undefined,
  front: () => Listener,
): readonly RoutedHandler[] {
  return [
    ...(path === undefined || metrics === undefined ? [] : [ownPage(path, 'metrics', () => metrics.render())]),
    ...(status === undefined ? [] : [statusPage(status.path, () => front().figures())]),
  ]
}

async function sizesOf(store: DeliveryStore): ReturnType<NonNullable<MetricSources['store']>> {
  const figures = await store.figures()
  return 'code' in figures ? undefined : figures
}
