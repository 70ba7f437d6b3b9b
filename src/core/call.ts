import type { AbortScope } from './abort.ts'
import type { Attempt, AttemptKind, Target } from './attempt.ts'
import type { GatewayEvent } from './events.ts'
import type { Failure } from './failure.ts'
import type { CallTrace } from './trace.ts'

/** Facts about the route that the code serving a call needs. */
export interface RouteFacts {
  /** `GET /api/smart`: the route's match in the configuration. */
  readonly name: string
  readonly strategy: string
  /** How long a streamed body may be silent, or the client may read nothing of it; 0 = no limit. */
  readonly idleTimeoutMs: number
}

/**
 * One client request being served, from accept to the last byte of the response. A strategy that sends several attempts
 * forks the call: each fork can be aborted alone, and all share the deadline and the list of attempts.
 */
export interface Call {
  readonly id: string
  readonly route: RouteFacts
  /** On the gateway's clock, milliseconds. */
  readonly startedAtMs: number
  /** On the gateway's clock; Infinity until a deadline is set. */
  readonly deadlineAtMs: number
  /** Aborted when the client disconnects, the deadline passes, or (for a fork) the race is lost. */
  readonly scope: AbortScope
  /** Set when the call is traced, which is decided once, at its start. */
  readonly trace: CallTrace | undefined
  /** Why the next attempt will be sent. */
  readonly kind: AttemptKind
  /** All attempts so far, of every fork. */
  readonly attempts: readonly Attempt[]
  /** Time spent queueing at limits on calls in flight; includes a wait in progress, up to now. */
  readonly queuedMs: number

  /** Milliseconds since the call began. */
  elapsedMs(): number
  /** The time budget: milliseconds to the deadline, never negative. */
  remainingMs(): number
  /** Sets the deadline; the earlier of two applies. */
  expireAt(deadlineAtMs: number): void
  /** Marks the start or the end of a wait in a queue. */
  queues(isWaiting: boolean): void
  /** Adds a new attempt to the list, before it is sent. */
  begin(target: Target): Attempt
  /** Adds an attempt that another call began for this one. */
  adopt(attempt: Attempt): void
  /** Counts bytes held in memory for the call until it ends. Returns false, and counts nothing, if there is no room. */
  hold(bytes: number): boolean
  /** Releases this many of the held bytes. */
  letGo(bytes: number): void
  /** The call has ended: releases all held bytes and refuses to hold more. */
  release(): void
  emit(event: GatewayEvent): void
  /** A call for one line of attempts; its `abort` ends only that line. */
  fork(kind: AttemptKind): Call
  /** A line of attempts that outlives the call: only its own `abort` ends it. */
  detached(): Call
  abort(reason: Failure): void
}
