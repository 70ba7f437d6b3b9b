import type { Counts } from '../counts/counts.ts'
import { type MetricFacts, type MetricName, metricNames, metrics } from './catalogue.ts'
import { collectors } from './collect.ts'
import type { MetricsOptions } from './options.ts'
import { type MetricFamily, prometheusContentType, prometheusText } from './prometheus-text.ts'
import { type Reading, takeReading } from './reading.ts'
import type { Sample } from './sample.ts'
import type { MetricSources } from './sources.ts'
import { viewFacts, viewSamples } from './views.ts'

/** The options that rename metrics and define views. */
export type ShownMetrics = Pick<MetricsOptions, 'rename' | 'views'>

export interface RenderedMetrics {
  readonly contentType: string
  readonly body: string
}

/** Exports the counts in Prometheus' text format. */
export class Metrics {
  readonly #counts: Counts
  #show: ShownMetrics
  #sources: MetricSources = {}

  constructor(counts: Counts, show: ShownMetrics) {
    this.#counts = counts
    this.#show = show
  }

  /** Adds sources as they become available. */
  connect(sources: MetricSources): void {
    this.#sources = { ...this.#sources, ...sources }
  }

  /** Applies the options of another configuration. */
  change(show: ShownMetrics): void {
    this.#show = show
  }

  async render(): Promise<RenderedMetrics> {
    const reading = await takeReading(this.#counts, this.#sources)
    const { rename, views } = this.#show
    const families: readonly MetricFamily[] = [
      ...metricNames.map((name) => familyOf(rename[name] ?? name, metrics[name], read(name, reading))),
      ...views.map((view) => familyOf(view.name, viewFacts(view), viewSamples(view, read(view.from, reading)))),
    ]
    // A metric without samples does not apply here: deliveries if no route broadcasts, for example.
    const body = prometheusText(families.filter(({ samples }) => samples.length > 0))
    return { contentType: prometheusContentType, body }
  }
}

function read(name: MetricName, reading: Reading): readonly Sample[] {
  return collectors[name](reading)
}

function familyOf(
  name: string,
  { type, help }: Pick<MetricFacts, 'type' | 'help'>,
  samples: readonly Sample[],
): MetricFamily {
  return { name, type, help, samples }
}
