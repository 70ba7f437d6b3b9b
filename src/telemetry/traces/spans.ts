import {
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { CallTrace, TracedAttempt } from '../../core/trace.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Redaction } from '../redact.ts'
import { attemptAttributes, callAttributes, callName, isError, outcomeOf } from './attributes.ts'

export interface SpansOptions {
  readonly processor: SpanProcessor
  readonly clock: Clock
  readonly serviceName: string
  readonly redaction: Redaction
}

/** A client controls the length of paths and queries. */
const maxValueLength = 2048

/** Creates spans after calls and attempts have ended. */
export class Spans {
  readonly #options: SpansOptions
  readonly #tracer: ReturnType<TracerProvider['getTracer']>
  /** Ids of the next span: the target receives its context long before the span is created. */
  #traceId = ''
  #spanId = ''

  constructor(options: SpansOptions) {
    this.#options = options
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': options.serviceName }),
      sampler: new AlwaysOnSampler(),
      spanLimits: { attributeValueLengthLimit: maxValueLength },
      idGenerator: { generateTraceId: () => this.#traceId, generateSpanId: () => this.#spanId },
      spanProcessors: [options.processor],
    })
    this.#tracer = provider.getTracer('hedgerow')
  }

  /** Span of the call, and spans of its ended attempts. */
  ofCall(request: GatewayRequest, call: Call, end: CallEnd, calls: CallTrace): void {
    const { clock, redaction } = this.#options
    this.#traceId = calls.traceId
    this.#spanId = calls.spanId ?? ''
    const times = this.#times(call, calls, 0, clock.now() - call.startedAtMs)
    const span = this.#tracer.startSpan(
      callName(request, call),
      {
        kind: SpanKind.SERVER,
        startTime: times.start,
        attributes: callAttributes(request, call, end, redaction),
      },
      contextOf(calls.traceId, calls.parentSpanId, true),
    )
    // A client error or hang-up is not a server error.
    if (end.failure === undefined ? end.status >= 500 : end.failure.source !== 'client') {
      span.setStatus({ code: SpanStatusCode.ERROR, message: end.failure?.detail ?? `status ${end.status}` })
    }
    span.end(times.end)
    for (const traced of calls.attempts) if (traced.attempt.endedMs !== undefined) this.ofAttempt(traced, call, calls)
  }

  ofAttempt(traced: TracedAttempt, call: Call, calls: CallTrace): void {
    const { attempt, method } = traced
    this.#traceId = calls.traceId
    this.#spanId = traced.spanId
    const aborted = call.scope.reason !== undefined
    const someWon = calls.attempts.some(({ attempt: { won } }) => won)
    const times = this.#times(call, calls, attempt.startedMs, attempt.endedMs ?? attempt.startedMs)
    const span = this.#tracer.startSpan(
      `${method} ${attempt.target.upstream}`,
      {
        kind: SpanKind.CLIENT,
        startTime: times.start,
        attributes: attemptAttributes(traced, aborted, someWon),
      },
      contextOf(calls.traceId, calls.spanId, false),
    )
    const outcome = outcomeOf(attempt, aborted)
    if (isError(outcome)) span.setStatus({ code: SpanStatusCode.ERROR, message: attempt.detail ?? outcome })
    span.end(times.end)
  }

  /**
   * Converts milliseconds since the start of the call to whole microseconds, at least one: Zipkin accepts neither
   * fractions nor empty spans. The wall clock is read once for all spans of a call: it counts whole milliseconds, so
   * with two readings an attempt could begin before its call.
   */
  #times(
    call: Call,
    calls: CallTrace,
    startMs: number,
    endMs: number,
  ): { readonly start: HrTime; readonly end: HrTime } {
    const { clock } = this.#options
    calls.startedAtWallMs ??= clock.wallNow() - (clock.now() - call.startedAtMs)
    const startUs = Math.floor((calls.startedAtWallMs + startMs) * 1000)
    const lengthUs = Math.max(1, Math.round((endMs - startMs) * 1000))
    return { start: hrTime(startUs), end: hrTime(startUs + lengthUs) }
  }
}

function hrTime(us: number): HrTime {
  return [Math.floor(us / 1e6), (us % 1e6) * 1000]
}

function contextOf(traceId: string, spanId: string | undefined, isRemote: boolean): Context {
  if (spanId === undefined) return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote })
}
