/** One base URL of an upstream. */
export interface Target {
  readonly upstream: string
  /** Name in responses, logs and metrics; the URL never leaves the gateway. */
  readonly name: string
  /** `http://host:port`. */
  readonly origin: string
  /** `host:port`, as in the `Host` field. */
  readonly authority: string
  /** Prefix of every request path sent to this target; empty or `/prefix`. */
  readonly basePath: string
  readonly weight: number
}

/** Why an attempt was sent. */
export type AttemptKind = 'first' | 'duplicate' | 'hedge' | 'retry'

/** Outcome of an attempt, as metrics and responses name it. */
export const attemptOutcomes = [
  'success',
  'timeout',
  'refused',
  'tls_error',
  'reset',
  'server_error',
  'client_error',
  'rate_limited',
  'invalid',
  /** The gateway itself lacked the resources to send the attempt. */
  'gateway_exhausted',
  'cancelled',
] as const

export type AttemptOutcome = (typeof attemptOutcomes)[number]

/** One HTTP exchange with one target, made for a call. Times are milliseconds since the call began. */
export interface Attempt {
  /** 1 for the first of the call. */
  readonly number: number
  readonly kind: AttemptKind
  readonly target: Target
  readonly startedMs: number
  /** When the outcome became known; undefined until then. */
  endedMs: number | undefined
  /** How long the gateway itself was stalled during the attempt (`Clock.stalledMs`); 0 until the attempt ends. */
  stalledMs: number
  outcome: AttemptOutcome | undefined
  status: number | undefined
  /** Why the attempt failed, in a few words without a URL. */
  detail: string | undefined
  /** Whether the client received this attempt's response. */
  won: boolean
}
