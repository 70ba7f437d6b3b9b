import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../kit/clock.ts'
import type { PreparedLayout } from '../../telemetry/counts/blocks.ts'
import { Counts } from '../../telemetry/counts/counts.ts'
import { Metrics } from '../../telemetry/metrics/metrics.ts'
import type { MetricSources } from '../../telemetry/metrics/sources.ts'
import { countedParts, type MeteredParts, sourcesOf } from './metric-sources.ts'
import { startWatching, type Watching } from './watching.ts'

/** The counts of all threads, for metrics and live figures. */
export class TelemetryHub {
  readonly counts: Counts
  readonly metrics: Metrics
  readonly #clock: Clock
  #watching: Watching | undefined
  #parts: MeteredParts | undefined

  constructor(config: Config, clock: Clock) {
    this.#clock = clock
    this.counts = new Counts(countedParts(config))
    this.metrics = new Metrics(this.counts, config.metrics)
  }

  /** Undefined until a configuration enables the admin API. */
  watchingFor({ admin }: Config): Watching | undefined {
    if (admin === undefined || this.#watching !== undefined) return this.#watching
    this.#watching = startWatching(this.#clock, this.counts)
    if (this.#parts !== undefined) this.#watching.connect(this.#parts)
    return this.#watching
  }

  connect(parts: MeteredParts, sources: MetricSources): void {
    this.#parts = parts
    this.metrics.connect({ ...sourcesOf(parts), ...sources })
    this.#watching?.connect(parts)
  }

  /** Gives each writer a new block for its thread to switch to; metrics show the old ones until the commit. */
  prepare(config: Config): PreparedLayout {
    const prepared = this.counts.prepare(countedParts(config))
    return {
      commit: () => {
        prepared.commit()
        this.metrics.change(config.metrics)
      },
      undo: () => prepared.undo(),
    }
  }

  close(): void {
    this.#watching?.close()
  }
}
