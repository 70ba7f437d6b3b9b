import type { Attempt } from './attempt.ts'

/** An attempt that propagated the trace to its target: the target's own span is a child of this one. */
export interface TracedAttempt {
  readonly attempt: Attempt
  readonly spanId: string
  readonly method: string
}

/** The trace that a call is part of (W3C Trace Context). Only recorded calls have one. */
export interface CallTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** The call's own span, 16 digits: the parent of its attempts' spans. */
  readonly spanId: string | undefined
  /** The client's span; undefined if the trace begins here. */
  readonly parentSpanId: string | undefined
  /** `tracestate`, unchanged; empty if there was none. */
  readonly state: string
  readonly attempts: TracedAttempt[]
  /** Nobody reads `attempts` any more (the call has ended, or never existed): an attempt reports its own end. */
  detached: boolean
  /** When the call began, in milliseconds since 1970: read with its first span, and the same for all its spans. */
  startedAtWallMs: number | undefined
}
