import type { Clock } from '../kit/clock.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Writer } from './counts/blocks.ts'
import { Counts } from './counts/counts.ts'
import type { Figures } from './figures/figures.ts'
import { type GaugeSources, type WatchedFigures, watchFigures } from './figures/watched-figures.ts'
import { Metrics } from './metrics/metrics.ts'
import type { MetricSources } from './metrics/sources.ts'
import type { TelemetryConfig } from './telemetry-config.ts'

export interface HubChange extends Change {
  /** Where this thread counts from the commit on. */
  readonly block: ArrayBuffer
}

/** The counts of all threads, for metrics and live figures. */
export class TelemetryHub implements Reloadable<TelemetryConfig, HubChange> {
  readonly counts: Counts
  readonly metrics: Metrics
  readonly #clock: Clock
  /** This thread's writer of counts. */
  readonly #writer: Writer<ArrayBuffer>
  /** Undefined until a configuration enables the admin API. */
  #watched: WatchedFigures | undefined
  #gauges: GaugeSources | undefined

  constructor({ counted, metrics, isShown }: TelemetryConfig, clock: Clock) {
    this.#clock = clock
    this.counts = new Counts(counted)
    this.#writer = this.counts.open(ArrayBuffer)
    this.metrics = new Metrics(this.counts, metrics)
    if (isShown) this.#watch()
  }

  /** Where this thread counts. */
  get block(): ArrayBuffer {
    return this.#writer.block
  }

  /** Undefined until a configuration enables the admin API. */
  get figures(): Figures | undefined {
    return this.#watched?.figures
  }

  /** Sets what is read and not counted, at the start and after each reload. */
  connect(gauges: GaugeSources, metrics: MetricSources): void {
    this.#gauges = gauges
    this.metrics.connect(metrics)
    this.#watched?.connect(gauges)
  }

  /** Gives each writer a new block for its thread to switch to; metrics show the old ones until the commit. */
  async prepare({ counted, metrics, isShown }: TelemetryConfig): Promise<HubChange> {
    const counts = this.counts.prepare(counted)
    const { block } = this.#writer
    const beginsToWatch = isShown && this.#watched === undefined
    if (beginsToWatch) this.#watch()
    return {
      block,
      commit: () => {
        counts.commit()
        this.#writer.countsInto(block)
        this.metrics.change(metrics)
      },
      rollback: async () => {
        await counts.rollback()
        if (beginsToWatch) this.close()
      },
    }
  }

  close(): void {
    this.#watched?.close()
    this.#watched = undefined
  }

  #watch(): void {
    this.#watched = watchFigures(this.#clock, this.counts)
    if (this.#gauges !== undefined) this.#watched.connect(this.#gauges)
  }
}
