/** One base URL of an upstream. */
export interface Target {
  readonly upstream: string
  /** What it is called in answers, logs and metrics; its URL never leaves the gateway. */
  readonly name: string
  /** `http://host:port`. */
  readonly origin: string
  /** `host:port`, as the `Host` field has it. */
  readonly authority: string
  /** What the path of every request to it begins with; empty or `/prefix`. */
  readonly basePath: string
  readonly weight: number
}

/** Why an attempt was sent. */
export type AttemptKind = 'first' | 'duplicate' | 'hedge' | 'retry'

/** What an attempt came to, as metrics and answers name it. */
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
  /** The gateway itself lacked what it takes to send it. */
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
  /** When its outcome was known; undefined while it is not. */
  endedMs: number | undefined
  /** How much of it the gateway itself stood still (`Clock.stalledMs`); 0 while it has not ended. */
  stalledMs: number
  outcome: AttemptOutcome | undefined
  status: number | undefined
  /** Why it failed, in a few words that name no URL. */
  detail: string | undefined
  /** Whether the client's answer is this one's. */
  won: boolean
}
