import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Change, Reloadable } from '../../kit/reload.ts'
import type { Writer } from '../../telemetry/counts/blocks.ts'
import { Counts } from '../../telemetry/counts/counts.ts'
import type { Figures } from '../../telemetry/figures/figures.ts'
import { Metrics } from '../../telemetry/metrics/metrics.ts'
import type { MetricSources } from '../../telemetry/metrics/sources.ts'
import { countedParts, type MeteredParts, sourcesOf } from './metric-sources.ts'
import { startWatching, type Watching } from './watching.ts'

export interface HubChange extends Change {
  /** Where this thread counts from the commit on. */
  readonly block: ArrayBuffer
}

/** The counts of all threads, for metrics and live figures. */
export class TelemetryHub implements Reloadable<Config, HubChange> {
  readonly counts: Counts
  readonly metrics: Metrics
  readonly #clock: Clock
  /** This thread's writer of counts. */
  readonly #writer: Writer<ArrayBuffer>
  /** Undefined until a configuration enables the admin API. */
  #watching: Watching | undefined
  #parts: MeteredParts | undefined

  constructor(config: Config, clock: Clock) {
    this.#clock = clock
    this.counts = new Counts(countedParts(config))
    this.#writer = this.counts.open(ArrayBuffer)
    this.metrics = new Metrics(this.counts, config.metrics)
    if (config.admin !== undefined) this.#watch()
  }

  /** Where this thread counts. */
  get block(): ArrayBuffer {
    return this.#writer.block
  }

  /** Undefined until a configuration enables the admin API. */
  get figures(): Figures | undefined {
    return this.#watching?.figures
  }

  connect(parts: MeteredParts, sources: MetricSources): void {
    this.#parts = parts
    this.metrics.connect({ ...sourcesOf(parts), ...sources })
    this.#watching?.connect(parts)
  }

  /** Gives each writer a new block for its thread to switch to; metrics show the old ones until the commit. */
  async prepare(config: Config): Promise<HubChange> {
    const counted = this.counts.prepare(countedParts(config))
    const { block } = this.#writer
    const beginsToWatch = config.admin !== undefined && this.#watching === undefined
    if (beginsToWatch) this.#watch()
    return {
      block,
      commit: () => {
        counted.commit()
        this.#writer.countsInto(block)
        this.metrics.change(config.metrics)
      },
      rollback: async () => {
        await counted.rollback()
        if (beginsToWatch) this.close()
      },
    }
  }

  close(): void {
    this.#watching?.close()
    this.#watching = undefined
  }

  #watch(): void {
    this.#watching = startWatching(this.#clock, this.counts)
    if (this.#parts !== undefined) this.#watching.connect(this.#parts)
  }
}
