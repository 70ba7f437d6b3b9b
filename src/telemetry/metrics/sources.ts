import type { BreakerState, EjectionReason } from '../../core/target-event.ts'
import type { DescriptorFigures } from '../../kit/descriptors.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { MalformedStatus, reloadResults, workerExits } from './catalogue.ts'

/**
 * What is asked for when the metrics are read, as it need not be counted; some of it is in other threads. A part that is
 * not there is left out.
 */
export interface MetricSources {
  /** Of all threads; undefined: none has told. */
  readonly process?: () => Promise<ProcessFigures | undefined>
  readonly descriptors?: () => Promise<DescriptorFigures | undefined>
  readonly clientConnections?: () => Promise<ClientConnections>
  /** By upstream. */
  readonly targetConnections?: () => Promise<Readonly<Record<string, TargetConnections>>>
  /** Undefined: the store cannot tell at present. */
  readonly store?: () => Promise<StoreSizes | undefined>
  /** How many clients wait for a callback; not there where no route takes any. */
  readonly waiters?: (() => Promise<number>) | undefined
  /** By route; `*`: of the whole gateway. */
  readonly limits?: () => Promise<Readonly<Record<string, LimitFigures>>>
  /** What telemetry has dropped so far, by the name of what it drops: `spans`, `log_lines`. */
  readonly dropped?: () => Promise<Readonly<Record<string, number>>>
  readonly targets?: () => readonly TargetHealthFigures[]
  readonly held?: () => HeldFigures
  readonly workers?: () => WorkerCounts
  readonly reloads?: () => ReloadCounts
}

/** How a target is. */
export interface TargetHealthFigures {
  readonly upstream: string
  readonly target: string
  readonly isAvailable: boolean
  /** Undefined: it has none. */
  readonly breaker: BreakerState | undefined
  readonly ejections: Readonly<Record<EjectionReason, number>>
  /** Undefined: it is not checked. */
  readonly checks: { readonly good: number; readonly bad: number } | undefined
}

/** What is held in memory for calls. */
export interface HeldFigures {
  readonly bytes: number
  readonly limitBytes: number
}

/** Of a limit on calls in flight. */
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

export interface WorkerCounts {
  readonly running: number
  readonly exits: Readonly<Record<(typeof workerExits)[number], number>>
  readonly lostCalls: number
}

export interface ReloadCounts extends Readonly<Record<(typeof reloadResults)[number], number>> {
  /** Wall clock; the start, before there was any. */
  readonly lastAppliedAtMs: number
}
