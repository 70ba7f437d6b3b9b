import type { CountedParts } from './counts/cells.ts'
import type { LogOptions } from './log/options.ts'
import type { ShownMetrics } from './metrics/metrics.ts'
import type { TraceOptions } from './traces/options.ts'

/** The part of a configuration that concerns telemetry. */
export interface TelemetryConfig {
  /** The same in every thread with this configuration. */
  readonly counted: CountedParts
  /** Whether the counts can be read at all; if not, nothing is counted. */
  readonly isCounted: boolean
  /** Whether operators see calls and live figures. */
  readonly isShown: boolean
  readonly metrics: ShownMetrics
  readonly log: LogOptions
  readonly traces: TraceOptions | undefined
  /** Addresses and networks of trusted proxies. */
  readonly trust: readonly string[]
}
