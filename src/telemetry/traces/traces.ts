import type { HeaderPairs } from '../../core/headers.ts'
import type { TargetLayer } from '../../core/service.ts'
import type { CallTrace } from '../../core/trace.ts'
import type { Runtime } from '../../kit/runtime.ts'
import type { Redaction } from '../redact.ts'
import { attemptTrace } from './attempt-trace.ts'
import { newSpanId } from './ids.ts'
import type { TraceOptions } from './options.ts'
import { resumedTraceOf, traceOf } from './sampling.ts'
import type { SpanCounts } from './span-queue.ts'

export interface TracesDeps extends Pick<Runtime, 'clock' | 'random' | 'events' | 'log'> {
  readonly redaction: Redaction
  /** Whether spans of this trace are exported here; otherwise by other traces of this thread. */
  readonly exports: (trace: CallTrace) => boolean
}

export interface Traces {
  /** Decides whether to trace a call with these headers. */
  readonly traceOf: (headers: HeaderPairs) => CallTrace | undefined
  /** The same for a delivery accepted by an earlier run. */
  readonly resumedTraceOf: (headers: HeaderPairs) => CallTrace | undefined
  /** Sends the trace context to targets. */
  readonly attemptLayer: TargetLayer
  readonly counts: () => SpanCounts
  /** Whether it decided on this trace. */
  readonly began: (trace: CallTrace) => boolean
  /** Sends waiting spans, for at most two seconds. Never rejects. */
  close(): Promise<void>
}

/**
 * Spans are created when a call has ended, from its list of attempts; an untraced call costs a header lookup and one
 * random draw. An attempt that ends after its call creates its span itself. The libraries are loaded here only, because
 * they take longer to load than the rest of the gateway.
 */
export async function startTraces(options: TraceOptions, deps: TracesDeps): Promise<Traces> {
  const [{ Spans }, { SpanQueue }, { sender }] = await Promise.all([
    import('./spans.ts'),
    import('./span-queue.ts'),
    import('./exporters.ts'),
  ])
  const { events, clock, random, log, exports } = deps
  const queue = new SpanQueue({
    send: await sender(options),
    clock,
    maxQueued: options.queue,
    maxBatch: Math.min(options.batch, options.queue),
    intervalMs: options.interval,
    timeoutMs: options.timeout,
    log,
  })
  const spans = new Spans({ ...deps, processor: queue, serviceName: options.serviceName })
  const stops = [
    events.on('call.ended', ({ request, end }, call) => {
      const { trace } = call
      if (trace === undefined || !exports(trace)) return
      trace.detached = true
      spans.ofCall(request, call, end, trace)
    }),
    events.on('attempt.ended', ({ attempt }, call) => {
      const { trace } = call
      if (trace === undefined || !trace.detached || !exports(trace)) return
      const traced = trace.attempts.find((candidate) => candidate.attempt === attempt)
      if (traced !== undefined) spans.ofAttempt(traced, call, trace)
    }),
  ]
  const begun = new WeakSet<CallTrace>()
  const noted = (trace: CallTrace | undefined): CallTrace | undefined => {
    if (trace !== undefined) begun.add(trace)
    return trace
  }
  return {
    traceOf: (headers) => noted(traceOf(headers, options, random)),
    resumedTraceOf: (headers) => noted(resumedTraceOf(headers, options, random)),
    began: (trace) => begun.has(trace),
    attemptLayer: attemptTrace(() => newSpanId(random)),
    counts: () => queue.counts,
    close: async () => {
      for (const stop of stops) stop()
      await queue.shutdown()
    },
  }
}
