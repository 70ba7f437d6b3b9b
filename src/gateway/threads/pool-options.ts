import type { Clock } from '../../kit/clock.ts'
import type { LogText } from '../../kit/log-text.ts'
import type { Change } from '../../kit/reload.ts'
import type { Regions } from '../../kit/shared-memory.ts'
import type { ScaleOptions } from './autoscale.ts'
import type { PreparableThread } from './prepared-threads.ts'
import type { WorkerState } from './protocol.ts'

/** A thread as the pool sees it. */
export interface PoolThread<Setup> extends PreparableThread<Setup> {
  /** Counted up, never reused. */
  readonly number: number
  /** Its row of shared memory. */
  readonly slot: number
  start(setup: Setup): Promise<WorkerState>
  retire(): Promise<void>
  /** Answers as soon as the event loop is free. */
  ping(): Promise<void>
  /** The share of busy time since the last call. */
  utilisation(): number
  terminate(): Promise<void>
  /** Resolves with the reason when the thread has ended. */
  readonly ended: Promise<string>
}

/** `idle`: too little work; `reload`: the new configuration has fewer workers. */
export type ExitReason = 'died' | 'idle' | 'reload'

/** A worker's setup; `first`: the state that the first worker reported. */
export type SetupFor<Setup, Thread> = (thread: Thread, regions: Regions, first: WorkerState | undefined) => Setup

/** The settings that a reload changes. */
export interface PoolConfig<Setup, Thread> {
  readonly range: ScaleOptions
  readonly setupFor: SetupFor<Setup, Thread>
}

export interface PoolChange extends Change {
  /** Call this after the commit. Resolves when every worker serves by the new setup. */
  inForce(): Promise<void>
}

export interface PoolOptions<Setup, Thread extends PoolThread<Setup>> {
  readonly range: ScaleOptions
  /** Rows of shared memory; the last is the main thread's. */
  readonly slots: number
  readonly clock: Clock
  readonly log: LogText
  readonly startThread: (slot: number, number: number) => Thread
  readonly setupFor: SetupFor<Setup, Thread>
  /** Called when a worker has started or put another setup in force. */
  readonly onState: (thread: Thread, state: WorkerState) => void
  /** Called before the slot is cleared, also for a worker that could not start. */
  readonly onEnded: (thread: Thread, reason: ExitReason) => void
}
