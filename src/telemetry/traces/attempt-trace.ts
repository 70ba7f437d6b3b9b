import { withoutHeaders } from '../../core/headers.ts'
import type { TargetLayer } from '../../core/service.ts'
import { traceparent } from './trace-context.ts'

const own = new Set(['traceparent', 'tracestate'])

/**
 * Sends the trace context to the target: each attempt of a traced call is a span and the parent of the target's own. An
 * untraced call forwards the incoming context unchanged, as the standard allows a participant that records nothing.
 */
export function attemptTrace(newSpanId: () => string): TargetLayer {
  return function attemptTraceLayer(next) {
    return (request, call) => {
      const { trace } = call
      const { attempt, method } = request
      if (trace === undefined) return next(request, call)
      const spanId = newSpanId()
      trace.attempts.push({ attempt, spanId, method })
      const headers = withoutHeaders(request.headers, own)
      headers.push('traceparent', traceparent(trace.traceId, spanId))
      if (trace.state !== '') headers.push('tracestate', trace.state)
      return next({ ...request, headers }, call)
    }
  }
}
