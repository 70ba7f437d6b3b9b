import type { Metric, Registry } from 'prom-client'
import type { Counts } from '../counts/counts.ts'
import { type MetricFacts, type MetricName, metricNames, metrics } from './catalogue.ts'
import { collectors } from './collect.ts'
import type { MetricsOptions } from './options.ts'
import { type Reading, takeReading } from './reading.ts'
import type { Sample } from './sample.ts'
import type { MetricSources } from './sources.ts'
import { viewFacts, viewSamples } from './views.ts'

/** What the configuration says of how they are shown. */
export type Showing = Pick<MetricsOptions, 'rename' | 'views'>

export interface RenderedMetrics {
  readonly contentType: string
  readonly body: string
}

/** Shows what was counted in Prometheus' text form to whoever asks. */
export class Metrics {
  readonly #counts: Counts
  #show: Showing
  #sources: MetricSources = {}

  constructor(counts: Counts, show: Showing) {
    this.#counts = counts
    this.#show = show
  }

  /** What there is to ask, told as it comes into being. */
  connect(sources: MetricSources): void {
    this.#sources = { ...this.#sources, ...sources }
  }

  /** From now on by another configuration. */
  change(show: Showing): void {
    this.#show = show
  }

  async render(): Promise<RenderedMetrics> {
    const reading = await takeReading(this.#counts, this.#sources)
    // Loaded when first asked for: it takes 25 ms, which a start without a reader need not wait for.
    const prometheus = await import('prom-client')
    const registry = new prometheus.Registry()
    for (const name of metricNames)
      this.#add(registry, this.#show.rename[name] ?? name, metrics[name], read(name, reading))
    for (const view of this.#show.views) {
      this.#add(registry, view.name, viewFacts(view), viewSamples(view, read(view.from, reading)))
    }
    return { contentType: registry.contentType, body: await registry.metrics() }
  }

  /** What has nothing to say here (deliveries, where no route broadcasts) is left out. */
  #add(
    registry: Registry,
    name: string,
    { type, help }: Pick<MetricFacts, 'type' | 'help'>,
    samples: readonly Sample[],
  ): void {
    if (samples.length === 0) return
    const values = samples.map(({ labels, value, suffix = '' }) => ({ labels, value, metricName: name + suffix }))
    const family = { name, help, type, values, aggregator: 'sum' }
    // The registry asks of a metric no more than this; prom-client's own ones count for themselves.
    registry.registerMetric({ name, get: () => Promise.resolve(family) } as unknown as Metric)
  }
}

function read(name: MetricName, reading: Reading): readonly Sample[] {
  return collectors[name](reading)
}
