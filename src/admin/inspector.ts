import type { ProcessFigures } from '../kit/process-probe.ts'
import type { AdmissionFigures } from '../layers/concurrency-limit/figures.ts'
import type { LastFailure } from '../telemetry/recorder/last-failures.ts'
import type { RecordedCall } from '../telemetry/recorder/recorded-call.ts'
import type { CallFilter } from '../telemetry/recorder/recorder.ts'
import type { ConnectionFigures } from '../transport/server/connection-counts.ts'

/**
 * What can be asked of a thread that serves calls, or of all together. Questions and answers are plain data, as they may
 * cross from one thread to another. What a thread does not have (a front, say) is empty there.
 */
export interface Inspector {
  /** Failed ones: the latest first. Slow ones: the slowest first. Both: the latest first. */
  calls(filter: CallFilter): Promise<readonly RecordedCall[]>
  /** The latest with this id. */
  call(id: string): Promise<RecordedCall | undefined>
  /** Of clients. */
  connections(): Promise<ConnectionFigures>
  /** By upstream. */
  targetConnections(): Promise<Readonly<Record<string, OpenConnections>>>
  lastFailures(): Promise<readonly LastFailure[]>
  /** The oldest first. */
  waiters(limit: number): Promise<WaitersFigures>
  /** Undefined where nobody looks at it. */
  process(): Promise<ProcessFigures | undefined>
  /** What telemetry has dropped so far, by the name of what it drops. */
  dropped(): Promise<Readonly<Record<string, number>>>
  /** What the limits on calls in flight come to, in all threads; undefined where none serves calls. */
  admission(): Promise<AdmissionFigures | undefined>
  /** Calls. */
  inFlight(): Promise<number>
}

export interface OpenConnections {
  readonly open: number
  readonly idle: number
}

export interface WaitersFigures {
  readonly open: number
  /** Not all of them. */
  readonly waiters: readonly WaitingClient[]
}

/** Times of day in milliseconds. */
export interface WaitingClient {
  readonly id: string
  readonly route: string
  readonly state: 'registered' | 'acknowledged'
  readonly startedAtMs: number
  readonly expiresAtMs: number
}

export const noConnections: ConnectionFigures = {
  active: 0,
  reading: 0,
  writing: 0,
  waiting: 0,
  accepted: 0,
  refused: 0,
  failed: 0,
  requests: 0,
  malformed: { 400: 0, 408: 0, 431: 0 },
}
