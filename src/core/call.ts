import type { AbortScope } from './abort.ts'
import type { Attempt, AttemptKind, Target } from './attempt.ts'
import type { GatewayEvent } from './events.ts'
import type { Failure } from './failure.ts'
import type { CallTrace } from './trace.ts'

/** What the parts that serve a call need to know of its route. */
export interface RouteFacts {
  /** `GET /api/smart`: how the configuration matches it. */
  readonly name: string
  readonly strategy: string
  /** How long a streamed body may be silent, or the client take nothing of it; 0 = for ever. */
  readonly idleTimeoutMs: number
}

/**
 * One client request being served, from accept to the last byte of the answer. A strategy that sends several attempts
 * forks it: each fork can be aborted alone, and all share the deadline and the list of attempts.
 */
export interface Call {
  readonly id: string
  readonly route: RouteFacts
  /** On the gateway's clock, milliseconds. */
  readonly startedAtMs: number
  /** On the gateway's clock; Infinity while no deadline is set. */
  readonly deadlineAtMs: number
  /** Aborted when the client goes, the deadline passes, or (a fork) when the race is lost. */
  readonly scope: AbortScope
  /** There where the call is traced, which is decided once, at its start. */
  readonly trace: CallTrace | undefined
  /** What the next attempt will be sent for. */
  readonly kind: AttemptKind
  /** All attempts so far, those of every fork. */
  readonly attempts: readonly Attempt[]
  /** How long it has waited for its turns at limits on calls in flight; a wait that goes on is counted up to now. */
  readonly queuedMs: number

  /** Milliseconds since the call began. */
  elapsedMs(): number
  /** The time budget: milliseconds to the deadline, never negative. */
  remainingMs(): number
  /** Sets the deadline; the earlier of two holds. */
  expireAt(deadlineAtMs: number): void
  /** It waits for a turn from now on, or waits no more. */
  queues(isWaiting: boolean): void
  /** Puts a new attempt on the list, before it is sent. */
  begin(target: Target): Attempt
  /** Lists an attempt that another call has begun for this one. */
  adopt(attempt: Attempt): void
  /** Counts bytes that are held in memory for the call until it ends. False, and nothing is counted: there is no room. */
  hold(bytes: number): boolean
  /** So many of them are held no more. */
  letGo(bytes: number): void
  /** It has ended: nothing is held for it any more, or will be. */
  release(): void
  emit(event: GatewayEvent): void
  /** A call for one line of attempts, which `abort` ends alone. */
  fork(kind: AttemptKind): Call
  /** A line of attempts that the end of the call does not end: only its own `abort` does. */
  detached(): Call
  abort(reason: Failure): void
}
