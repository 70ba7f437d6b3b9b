/** The party at fault. */
export type FailureSource = 'client' | 'gateway' | 'upstream'

/**
 * Whether the same request may be sent again.
 * - `safe`: no target has seen it, so any method may be repeated.
 * - `unsafe`: a target may have acted on it, so only an idempotent request may be repeated.
 * - `no`: a repeat would end the same way.
 */
export type RetryVerdict = 'safe' | 'unsafe' | 'no'

interface CodeFacts {
  readonly source: FailureSource
  readonly retry: RetryVerdict
  readonly meaning: string
}

/** All failure codes. `docs/reference/failures.md` is generated from this table; a test keeps the two in sync. */
export const failureCodes = {
  BAD_REQUEST: { source: 'client', retry: 'no', meaning: 'The request is malformed or breaks a rule of the route.' },
  BAD_TIMEOUT: {
    source: 'client',
    retry: 'no',
    meaning: 'The timeout that the client gave is missing, no whole number of milliseconds, or out of range.',
  },
  NO_ROUTE: { source: 'client', retry: 'no', meaning: 'No route matches the path.' },
  METHOD_NOT_ALLOWED: {
    source: 'client',
    retry: 'no',
    meaning: 'The path is known, but not with this method; `Allow` lists those that are.',
  },
  BODY_TOO_LARGE: { source: 'client', retry: 'no', meaning: 'The request body is larger than the route takes.' },
  HEADER_TOO_LARGE: {
    source: 'client',
    retry: 'no',
    meaning:
      'The request header is larger, or has more fields, than `listen.headerSize` and `listen.headerCount` allow.',
  },
  REQUEST_TIMEOUT: {
    source: 'client',
    retry: 'no',
    meaning:
      'The client took longer to send its request than `listen.headerTimeout` and `listen.requestTimeout` allow.',
  },
  CLIENT_GONE: {
    source: 'client',
    retry: 'no',
    meaning: 'The client hung up before it had its answer. Seen in logs and metrics only.',
  },
  CANCELLED: {
    source: 'gateway',
    retry: 'no',
    meaning: 'The attempt was cancelled because another one decided the call. Seen in logs and metrics only.',
  },
  UPSTREAM_STATUS: {
    source: 'upstream',
    retry: 'unsafe',
    meaning: 'The target answered with a status that `success` does not count.',
  },
  UPSTREAM_REFUSED: {
    source: 'upstream',
    retry: 'safe',
    meaning: 'No connection to the target: refused, unreachable, or its name does not resolve.',
  },
  UPSTREAM_TLS: {
    source: 'upstream',
    retry: 'no',
    meaning:
      'No TLS connection to the target: its certificate is not trusted, has expired or names another host, or the handshake failed. Only another target is tried.',
  },
  UPSTREAM_RESET: {
    source: 'upstream',
    retry: 'unsafe',
    meaning: 'The target closed the connection before its answer was whole, or fell silent inside it.',
  },
  UPSTREAM_INVALID: {
    source: 'upstream',
    retry: 'unsafe',
    meaning: 'The answer is not what `success` asks for (JSON, content type), too large, or no valid HTTP.',
  },
  UPSTREAM_TIMEOUT: {
    source: 'upstream',
    retry: 'unsafe',
    meaning: 'One attempt took longer than `attemptTimeout`; the call itself still had time.',
  },
  QUORUM_FAILED: {
    source: 'upstream',
    retry: 'no',
    meaning: 'Too few targets gave the same answer for `need` of them to agree.',
  },
  NO_TARGET: { source: 'gateway', retry: 'no', meaning: 'The upstream has no target that may be sent anything.' },
  BREAKER_OPEN: {
    source: 'gateway',
    retry: 'no',
    meaning:
      'Nothing is sent to the upstream for now: the breakers of all its targets are open, or half open with an attempt under way.',
  },
  BROADCAST_FAILED: {
    source: 'upstream',
    retry: 'no',
    meaning: 'No target (with `respond: all`: not every target) acknowledged the write within its attempts.',
  },
  IDEMPOTENCY_MISMATCH: {
    source: 'client',
    retry: 'no',
    meaning: 'The `Idempotency-Key` was used before with another request.',
  },
  NO_DELIVERY: { source: 'client', retry: 'no', meaning: 'There is no delivery with this id, or no longer.' },
  CALLBACK_REFUSED: {
    source: 'client',
    retry: 'no',
    meaning: 'A callback came with a signature that is not ours, or that has expired.',
  },
  WAIT_OVER: {
    source: 'client',
    retry: 'no',
    meaning: 'No result came within the time that the client would wait (`Prefer: wait`); it may come yet.',
  },
  NO_TICKET: { source: 'client', retry: 'no', meaning: 'This is no ticket of this gateway.' },
  TICKET_EXPIRED: {
    source: 'client',
    retry: 'no',
    meaning: 'The result of this ticket is no longer kept: its time is over, or it was fetched already.',
  },
  DRAINING: { source: 'gateway', retry: 'no', meaning: 'The gateway is shutting down and takes no new calls.' },
  RATE_LIMITED: {
    source: 'client',
    retry: 'no',
    meaning: 'The client, or all together, called more often than `rateLimit` of the route allows.',
  },
  WORKER_LOST: {
    source: 'gateway',
    retry: 'unsafe',
    meaning:
      'The worker that was to take a callback ended before it had; another has its place. The backend is to post again.',
  },
  OVERLOADED: {
    source: 'gateway',
    retry: 'no',
    meaning:
      'As many calls are in flight as `concurrency` of the route or of the gateway allows, and no turn came in time; or what calls hold in memory is as much as `memory.held` allows.',
  },
  GATEWAY_EXHAUSTED: {
    source: 'gateway',
    retry: 'no',
    meaning:
      'The gateway has run out of file descriptors, local ports or memory, and could not open a connection. It does not try again itself, as that would take more of the same; the target is not held responsible.',
  },
  STORE_FULL: {
    source: 'gateway',
    retry: 'no',
    meaning: 'The write was not accepted, as the store has no room: its disk is full or its limit reached.',
  },
  STORE_UNAVAILABLE: {
    source: 'gateway',
    retry: 'no',
    meaning: 'The write was not accepted, as the store cannot write: its file, disk or thread has failed.',
  },
  DEADLINE: { source: 'upstream', retry: 'no', meaning: 'No good answer came before the deadline.' },
  INTERNAL: { source: 'gateway', retry: 'no', meaning: 'A fault of the gateway itself; its log has the cause.' },
} as const satisfies Record<string, CodeFacts>

export type FailureCode = keyof typeof failureCodes

/** Why an attempt or a call produced no good response: a value, never thrown. */
export interface Failure {
  readonly code: FailureCode
  readonly source: FailureSource
  readonly retry: RetryVerdict
  /** One sentence for the client: names the value and the allowed values, never the URL of a target. */
  readonly detail: string
  /** The target's response status, if any. */
  readonly upstreamStatus: number | undefined
  /** How long the client, or the next attempt, should wait. */
  readonly retryAfterMs: number | undefined
  /** Further header fields for the response (`Allow`). */
  readonly headers: readonly string[] | undefined
  /** Where the result can be fetched if it still arrives. */
  readonly ticket: string | undefined
  /** The underlying cause, for the log. */
  readonly cause: unknown
}

type FailureExtras = Partial<Omit<Failure, 'code' | 'source' | 'detail'>>

export function failure(code: FailureCode, detail: string, extras?: FailureExtras): Failure {
  const facts = failureCodes[code]
  return {
    code,
    source: facts.source,
    retry: extras?.retry ?? facts.retry,
    detail,
    upstreamStatus: extras?.upstreamStatus,
    retryAfterMs: extras?.retryAfterMs,
    headers: extras?.headers,
    ticket: extras?.ticket,
    cause: extras?.cause,
  }
}
