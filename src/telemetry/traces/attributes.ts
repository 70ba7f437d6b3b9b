import type { Attributes } from '@opentelemetry/api'
import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { TracedAttempt } from '../../core/trace.ts'
import type { Redaction } from '../redact.ts'

/** RFC 9110 and RFC 5789: what may be the name of a span, as there are few of them. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** `GET /api/smart`; of a request that no route takes the method alone. */
export function callName({ method }: GatewayRequest, { route }: Call): string {
  if (route.strategy === 'none') return knownMethods.has(method) ? method : 'HTTP'
  return route.name
}

/** By OpenTelemetry's semantic conventions for HTTP servers; what these do not know is under `hedgerow.`. */
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

/** By the conventions for HTTP clients. The target is told by its name, never by its URL. */
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

/** An attempt that has no outcome when its call is over was cancelled with it, or goes on without it. */
export function outcomeOf({ outcome }: Attempt, aborted: boolean): string {
  return outcome ?? (aborted ? 'cancelled' : 'open')
}

/**
 * A good answer that came beside the winner's is cancelled too: nobody reads it on. Where all answers are merged none has
 * won, and none is cancelled for another.
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
