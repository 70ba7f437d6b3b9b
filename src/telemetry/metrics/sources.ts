import type { ProcessProbe } from '../../kit/process-probe.ts'
import type { MalformedStatus } from './catalogue.ts'

/** What is asked for when the metrics are read, as it need not be counted. A part that is not there is left out. */
export interface MetricSources {
  readonly process?: ProcessProbe
  readonly clientConnections?: () => ClientConnections
  /** By upstream. */
  readonly targetConnections?: () => ReadonlyMap<string, { readonly open: number; readonly idle: number }>
  /** Undefined: the store cannot tell at present. */
  readonly store?: () => Promise<StoreSizes | undefined>
  /** How many clients wait for a callback. */
  readonly waiters?: () => number
  /** What each part of telemetry has dropped so far, by the name of what it drops: `spans`, `log_lines`. */
  readonly dropped?: Readonly<Record<string, () => number>>
}

export interface ClientConnections {
  readonly reading: number
  readonly writing: number
  readonly waiting: number
  readonly accepted: number
  readonly refused: number
  /** What was no request, by the status that it was answered with. */
  readonly malformed: Readonly<Record<MalformedStatus, number>>
}

export interface StoreSizes {
  readonly deliveries: number
  readonly pendingLegs: number
  readonly deadLegs: number
  readonly undeliveredBytes: number
  readonly syncs: number
  readonly writes: number
}
