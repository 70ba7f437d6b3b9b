import type { HeaderPairs } from '../../core/headers.ts'
import type { CallTrace } from '../../core/trace.ts'
import type { Random } from '../../kit/random.ts'
import { newSpanId, newTraceId } from './ids.ts'
import type { TraceOptions } from './options.ts'
import { type ParentContext, parentContext } from './trace-context.ts'

export type SamplingOptions = Pick<TraceOptions, 'sample' | 'parent'>

/**
 * Decides once whether a call is traced. An untraced call has no context: an incoming one is forwarded unchanged, and
 * without one none is sent, so that a target may start a trace by its own sampling.
 */
export function traceOf(headers: HeaderPairs, options: SamplingOptions, random: Random): CallTrace | undefined {
  const parent = parentContext(headers)
  const sampled = parent !== undefined && options.parent === 'follow' ? parent.sampled : random() < options.sample
  if (!sampled) return undefined
  return {
    ...origin(parent, random),
    spanId: newSpanId(random),
    attempts: [],
    detached: false,
    startedAtWallMs: undefined,
  }
}

/**
 * For a delivery accepted by an earlier run, whose call and span are gone. Attempts become children of the client's
 * span if the stored request names one.
 */
export function resumedTraceOf(headers: HeaderPairs, options: SamplingOptions, random: Random): CallTrace | undefined {
  const trace = traceOf(headers, options, random)
  return trace === undefined ? undefined : { ...trace, spanId: trace.parentSpanId }
}

function origin(
  parent: ParentContext | undefined,
  random: Random,
): Pick<CallTrace, 'traceId' | 'parentSpanId' | 'state'> {
  if (parent === undefined) return { traceId: newTraceId(random), parentSpanId: undefined, state: '' }
  return { traceId: parent.traceId, parentSpanId: parent.spanId, state: parent.state }
}
