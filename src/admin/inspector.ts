import type { ProcessFigures } from '../kit/process-probe.ts'
import type { AdmissionFigures } from '../layers/concurrency-limit/figures.ts'
import type { LastFailure } from '../telemetry/recorder/last-failures.ts'
import type { RecordedCall } from '../telemetry/recorder/recorded-call.ts'
import type { CallFilter } from '../telemetry/recorder/recorder.ts'
import type { ConnectionFigures } from '../transport/server/connection-counts.ts'

/**
 * Queries to one worker thread or to all of them. Questions and answers are plain data because they may cross threads.
 * A part that a thread lacks (a front, for example) is empty.
 */
export interface Inspector {
  /** Failed calls: latest first. Slow calls: slowest first. Both: latest first. */
  calls(filter: CallFilter): Promise<readonly RecordedCall[]>
  /** The latest call with this id. */
  call(id: string): Promise<RecordedCall | undefined>
  /** Client connections. */
  connections(): Promise<ConnectionFigures>
  /** Open connections by upstream. */
  targetConnections(): Promise<Readonly<Record<string, OpenConnections>>>
  lastFailures(): Promise<readonly LastFailure[]>
  /** Oldest first. */
  waiters(limit: number): Promise<WaitersFigures>
  /** Undefined if process figures are not collected. */
  process(): Promise<ProcessFigures | undefined>
  /** Items dropped by telemetry so far, by kind. */
  dropped(): Promise<Readonly<Record<string, number>>>
  /** Concurrency limits over all threads; undefined if none serves calls. */
  admission(): Promise<AdmissionFigures | undefined>
  /** Calls in flight. */
  inFlight(): Promise<number>
}

export interface OpenConnections {
  readonly open: number
  readonly idle: number
}

export interface WaitersFigures {
  readonly open: number
  /** May be truncated. */
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
