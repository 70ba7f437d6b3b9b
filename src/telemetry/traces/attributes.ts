import type { Attributes } from '@opentelemetry/api'
import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { TracedAttempt } from '../../core/trace.ts'
import type { Redaction } from '../redact.ts'

/** Methods of RFC 9110 and RFC 5789: a small set, as span names need. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** `GET /api/smart`; for a request without a route only the method. */
export function callName({ method }: GatewayRequest, { route }: Call): string {
  if (route.strategy === 'none') return knownMethods.has(method) ? method : 'HTTP'
  return route.name
}

/** OpenTelemetry's semantic conventions for HTTP servers; attributes not covered there are under `hedgerow.`. */
export function callAttributes(request: GatewayRequest, call: Call, end: CallEnd, redaction: Redaction): Attributes {
  const attributes: Attributes = {
    ...methodOf(request.method),
    'url.scheme': 'http',
    'url.path': redaction.path(request.path),
    'http.response.body.size': end.bytesSent,
    'hedgerow.call.id': call.id,
    'hedgerow.strategy': call.route.strategy,
    'hedgerow.attempts': call.attempts.length,
  }
  if (request.query !== '') attributes['url.query'] = redaction.query(request.query)
  if (call.route.strategy !== 'none') attributes['http.route'] = call.route.name.slice(call.route.name.indexOf('/'))
  if (end.status !== 0) attributes['http.response.status_code'] = end.status
  if (call.queuedMs > 0) attributes['hedgerow.queued_ms'] = Math.round(call.queuedMs * 1000) / 1000
  if (end.failure !== undefined) {
    attributes['error.type'] = end.failure.code
    attributes['hedgerow.failure.detail'] = end.failure.detail
  } else if (end.status >= 500) attributes['error.type'] = String(end.status)
  return attributes
}

/** Conventions for HTTP clients. The target appears by name, never by URL. */
export function attemptAttributes({ attempt, method }: TracedAttempt, aborted: boolean, someWon: boolean): Attributes {
  const { target, status } = attempt
  const outcome = outcomeOf(attempt, aborted)
  const attributes: Attributes = {
    ...methodOf(method),
    'server.address': target.name,
    'hedgerow.upstream': target.upstream,
    'hedgerow.target': target.name,
    'hedgerow.attempt.number': attempt.number,
    'hedgerow.attempt.kind': attempt.kind,
    'hedgerow.attempt.outcome': outcome,
  }
  const result = resultOf(attempt, outcome, someWon)
  if (result !== undefined) attributes['hedgerow.attempt.result'] = result
  if (status !== undefined) attributes['http.response.status_code'] = status
  if (attempt.kind === 'retry') attributes['http.request.resend_count'] = attempt.number - 1
  if (isError(outcome)) attributes['error.type'] = status === undefined ? outcome : String(status)
  return attributes
}

export function isError(outcome: string): boolean {
  return outcome !== 'success' && outcome !== 'cancelled'
}

/** An attempt without an outcome at the end of its call was cancelled with the call or continues without it. */
export function outcomeOf({ outcome }: Attempt, aborted: boolean): string {
  return outcome ?? (aborted ? 'cancelled' : 'open')
}

/**
 * A good answer that loses to the winner counts as cancelled too, because nobody reads it further. If all answers are
 * merged, none wins and none is cancelled for another.
 */
function resultOf({ won }: Attempt, outcome: string, someWon: boolean): 'won' | 'failed' | 'cancelled' | undefined {
  if (won) return 'won'
  if (outcome === 'cancelled') return 'cancelled'
  if (outcome !== 'success') return 'failed'
  return someWon ? 'cancelled' : undefined
}

function methodOf(method: string): Attributes {
  if (knownMethods.has(method)) return { 'http.request.method': method }
  return { 'http.request.method': '_OTHER', 'http.request.method_original': method }
}
