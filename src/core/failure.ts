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
    meaning: 'The timeout from the client is missing, not a whole number of milliseconds, or out of range.',
  },
  NO_ROUTE: { source: 'client', retry: 'no', meaning: 'No route matches the path.' },
  METHOD_NOT_ALLOWED: {
    source: 'client',
    retry: 'no',
    meaning: 'The path has no route for this method; `Allow` lists the methods that it has.',
  },
  BODY_TOO_LARGE: { source: 'client', retry: 'no', meaning: 'The request body is larger than the route accepts.' },
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
    meaning: 'The target answered with a status that `success` does not accept.',
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
    meaning: 'The target closed the connection, or stopped sending, before its answer was complete.',
  },
  UPSTREAM_INVALID: {
    source: 'upstream',
    retry: 'unsafe',
    meaning: 'The answer is not what `success` requires (JSON, content type), is too large, or is not valid HTTP.',
  },
  UPSTREAM_TIMEOUT: {
    source: 'upstream',
    retry: 'unsafe',
    meaning: 'One attempt took longer than `attemptTimeout`; the call itself still had time.',
  },
  QUORUM_FAILED: {
    source: 'upstream',
    retry: 'no',
    meaning: 'Fewer than `need` targets gave the same answer.',
  },
  NO_TARGET: { source: 'gateway', retry: 'no', meaning: 'The upstream has no available target.' },
  BREAKER_OPEN: {
    source: 'gateway',
    retry: 'no',
    meaning: 'The breakers of all targets of the upstream are open, or half open with a trial attempt under way.',
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
  NO_DELIVERY: { source: 'client', retry: 'no', meaning: 'No delivery has this id, or it has been removed.' },
  CALLBACK_REFUSED: {
    source: 'client',
    retry: 'no',
    meaning: 'The signature of a callback is not from this gateway, or has expired.',
  },
  WAIT_OVER: {
    source: 'client',
    retry: 'no',
    meaning: 'No result arrived within the time that the client agreed to wait (`Prefer: wait`); it may still arrive.',
  },
  NO_TICKET: { source: 'client', retry: 'no', meaning: 'This gateway has issued no such ticket.' },
  TICKET_EXPIRED: {
    source: 'client',
    retry: 'no',
    meaning: 'The result of this ticket is gone: it has expired, or it was already fetched.',
  },
  DRAINING: { source: 'gateway', retry: 'no', meaning: 'The gateway is shutting down and accepts no new calls.' },
  RATE_LIMITED: {
    source: 'client',
    retry: 'no',
    meaning: 'The client, or all clients together, sent more calls than the `rateLimit` of the route allows.',
  },
  WORKER_LOST: {
    source: 'gateway',
    retry: 'unsafe',
    meaning:
      'The worker that a callback was forwarded to ended before accepting it, and has been replaced. The backend should post again.',
  },
  OVERLOADED: {
    source: 'gateway',
    retry: 'no',
    meaning:
      'The `concurrency` limit of the route or of the gateway is reached and no slot became free in time, or buffered requests and answers have filled `memory.held`.',
  },
  GATEWAY_EXHAUSTED: {
    source: 'gateway',
    retry: 'no',
    meaning:
      'The gateway has run out of file descriptors, local ports or memory and could not open a connection. It does not retry, because that would need more of them; the target is not blamed.',
  },
  STORE_FULL: {
    source: 'gateway',
    retry: 'no',
    meaning: 'The write was not accepted because the store has no room: its disk is full or its limit is reached.',
  },
  STORE_UNAVAILABLE: {
    source: 'gateway',
    retry: 'no',
    meaning: 'The write was not accepted because the store cannot write: its file, disk or thread has failed.',
  },
  DEADLINE: { source: 'upstream', retry: 'no', meaning: 'No good answer came before the deadline.' },
  INTERNAL: { source: 'gateway', retry: 'no', meaning: 'An internal error in the gateway; its log has the cause.' },
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
