import type { Attempt } from './attempt.ts'

/** An attempt that told its target of the trace: the target's own span is a child of this one. */
export interface TracedAttempt {
  readonly attempt: Attempt
  readonly spanId: string
  readonly method: string
}

/** The trace that a call is a part of (W3C Trace Context). Only calls that are recorded have one. */
export interface CallTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** Of the call's own span, 16 digits: what its attempts are children of. */
  readonly spanId: string | undefined
  /** Of the client's span; undefined where the trace begins here. */
  readonly parentSpanId: string | undefined
  /** `tracestate` as it came; empty where there was none. */
  readonly state: string
  readonly attempts: TracedAttempt[]
  /** Nobody will look at `attempts` any more (the call has ended, or never was): an attempt tells its own end. */
  detached: boolean
  /** When the call began, in milliseconds since 1970: read with its first span, and the same for all of them. */
  startedAtWallMs: number | undefined
}
