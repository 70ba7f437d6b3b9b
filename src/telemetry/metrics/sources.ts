import type { BreakerState, EjectionReason } from '../../core/target-event.ts'
import type { DescriptorFigures } from '../../kit/descriptors.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { MalformedStatus, reloadResults, workerExits } from './catalogue.ts'

/**
 * Values read when the metrics are read instead of being counted; some come from other threads. A missing source is
 * left out.
 */
export interface MetricSources {
  /** Over all threads; undefined if none has reported. */
  readonly process?: () => Promise<ProcessFigures | undefined>
  readonly descriptors?: () => Promise<DescriptorFigures | undefined>
  readonly clientConnections?: () => Promise<ClientConnections>
  /** By upstream. */
  readonly targetConnections?: () => Promise<Readonly<Record<string, TargetConnections>>>
  /** Undefined while the store cannot report. */
  readonly store?: () => Promise<StoreSizes | undefined>
  /** Clients waiting for a callback; undefined until a route uses `callback`. */
  readonly waiters?: (() => Promise<number>) | undefined
  /** By route; `*` is the whole gateway. */
  readonly limits?: () => Promise<Readonly<Record<string, LimitFigures>>>
  /** Items dropped by telemetry so far, by kind: `spans`, `log_lines`. */
  readonly dropped?: () => Promise<Readonly<Record<string, number>>>
  readonly targets?: () => readonly TargetHealthFigures[]
  readonly held?: () => HeldFigures
  readonly workers?: () => WorkerCounts
  readonly reloads?: () => ReloadCounts
}

/** Health of a target. */
export interface TargetHealthFigures {
  readonly upstream: string
  readonly target: string
  readonly isAvailable: boolean
  /** Undefined without a breaker. */
  readonly breaker: BreakerState | undefined
  readonly ejections: Readonly<Record<EjectionReason, number>>
  /** Undefined without health checks. */
  readonly checks: { readonly good: number; readonly bad: number } | undefined
}

/** Memory held for calls. */
export interface HeldFigures {
  readonly bytes: number
  readonly limitBytes: number
}

/** State of a limit on calls in flight. */
export interface LimitFigures {
  readonly limit: number
  readonly inFlight: number
  readonly queued: number
}

export interface TargetConnections {
  readonly open: number
  readonly idle: number
}

export interface ClientConnections {
  readonly reading: number
  readonly writing: number
  readonly waiting: number
  readonly accepted: number
  readonly refused: number
  readonly failed: number
  /** Malformed requests by response status. */
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

export interface WorkerCounts {
  readonly running: number
  readonly exits: Readonly<Record<(typeof workerExits)[number], number>>
  readonly lostCalls: number
}

export interface ReloadCounts extends Readonly<Record<(typeof reloadResults)[number], number>> {
  /** Wall clock; the start time before the first one. */
  readonly lastAppliedAtMs: number
}
