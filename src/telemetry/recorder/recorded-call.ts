import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { FailureCode } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Redaction } from '../redact.ts'

/** An ended call with its race. */
export interface RecordedCall {
  readonly id: string
  readonly route: string
  readonly strategy: string
  readonly method: string
  readonly url: string
  readonly startedAt: string
  readonly durationMs: number
  readonly status: number
  readonly failure: { readonly code: FailureCode; readonly detail: string } | undefined
  readonly deadlineMs: number | undefined
  /** Time spent queued; undefined if it was not queued. */
  readonly queuedMs: number | undefined
  readonly bytesSent: number
  readonly traceId: string | undefined
  /**
   * The call's own objects, not copies: cancelled attempts end just after the call and are updated here. An attempt
   * holds nothing of the request or the answer.
   */
  readonly attempts: readonly Attempt[]
}

export interface RecordingFacts {
  readonly wallNow: number
  readonly durationMs: number
  readonly redaction: Redaction
}

/** Longer URLs are cut: a client may send up to `listen.headerSize`, and hundreds of calls are kept. */
export const maxUrlLength = 1024
const maxDetailLength = 500
/** A broadcast may retry for hours, and the first attempts already show the cause. */
export const maxAttempts = 100

export function record(request: GatewayRequest, call: Call, end: CallEnd, facts: RecordingFacts): RecordedCall {
  const { durationMs } = facts
  const { failure } = end
  const deadlineMs = call.deadlineAtMs - call.startedAtMs
  return {
    id: call.id,
    route: call.route.name,
    strategy: call.route.strategy,
    method: request.method,
    // Cut after redaction, which would not recognize a truncated key.
    url: cut(facts.redaction.target(request.path, request.query), maxUrlLength),
    startedAt: new Date(facts.wallNow - durationMs).toISOString(),
    durationMs: rounded(durationMs),
    status: end.status,
    failure: failure && { code: failure.code, detail: cut(failure.detail, maxDetailLength) },
    deadlineMs: Number.isFinite(deadlineMs) ? rounded(deadlineMs) : undefined,
    queuedMs: call.queuedMs > 0 ? rounded(call.queuedMs) : undefined,
    bytesSent: end.bytesSent,
    traceId: call.trace?.traceId,
    attempts: call.attempts.slice(0, maxAttempts),
  }
}

/** Approximate memory size. */
export function sizeOf({ id, url, failure, attempts }: RecordedCall): number {
  let bytes = 400 + 2 * (id.length + url.length + (failure?.detail.length ?? 0))
  // The details of cancelled attempts are shared strings, set when they end.
  for (const { detail } of attempts) bytes += 160 + 2 * (detail?.length ?? 0)
  return bytes
}

function cut(text: string, maxLength: number): string {
  // A slice would keep the whole text in memory.
  return text.length <= maxLength ? text : `${Buffer.from(text.slice(0, maxLength)).toString()}…`
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
