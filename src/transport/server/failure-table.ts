import type { FailureCode } from '../../core/failure.ts'

/**
 * The only table from failures to statuses; a route may override it. 499 is nginx's status for a client that has gone:
 * it is never sent, but logs and metrics need a number.
 */
export const failureStatuses: Readonly<Record<FailureCode, number>> = {
  BAD_REQUEST: 400,
  BAD_TIMEOUT: 400,
  NO_ROUTE: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  HEADER_TOO_LARGE: 431,
  REQUEST_TIMEOUT: 408,
  CLIENT_GONE: 499,
  CANCELLED: 499,
  UPSTREAM_STATUS: 502,
  UPSTREAM_REFUSED: 502,
  UPSTREAM_TLS: 502,
  UPSTREAM_RESET: 502,
  UPSTREAM_INVALID: 502,
  UPSTREAM_TIMEOUT: 504,
  QUORUM_FAILED: 502,
  NO_TARGET: 503,
  BREAKER_OPEN: 503,
  BROADCAST_FAILED: 502,
  IDEMPOTENCY_MISMATCH: 422,
  NO_DELIVERY: 404,
  CALLBACK_REFUSED: 403,
  WAIT_OVER: 503,
  NO_TICKET: 404,
  TICKET_EXPIRED: 410,
  DRAINING: 503,
  RATE_LIMITED: 429,
  WORKER_LOST: 503,
  OVERLOADED: 503,
  GATEWAY_EXHAUSTED: 503,
  STORE_FULL: 503,
  STORE_UNAVAILABLE: 503,
  DEADLINE: 504,
  INTERNAL: 500,
}

/** Failures with these statuses carry `Retry-After`. */
export const statusesWithRetryAfter: ReadonlySet<number> = new Set([429, 503])

export const defaultRetryAfterMs = 1000
