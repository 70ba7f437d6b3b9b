import type { Transferable } from 'node:worker_threads'
import type { Attempt } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import type { Failure } from '../../core/failure.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { ownResponse } from '../../core/response.ts'
import type { CallTrace } from '../../core/trace.ts'

/** Calls in transit from one thread to another: plain data, with whole bodies. */

export type PlainRequest = Omit<GatewayRequest, 'body'> & { readonly body: Uint8Array | undefined }

export interface PlainCall {
  readonly id: string
  readonly startedAtMs: number
  readonly deadlineAtMs: number
  readonly trace: CallTrace | undefined
}

export type PlainOutcome =
  | {
      readonly ok: true
      readonly status: number
      readonly headers: readonly string[]
      readonly body: Uint8Array | undefined
    }
  | { readonly ok: false; readonly failure: Failure }

/** The outcome of a call in another thread, with the attempts made there. */
export interface PlainEnd {
  readonly outcome: PlainOutcome
  readonly attempts: readonly Attempt[]
  /** Index of the attempt that gave the answer. */
  readonly winner: number | undefined
}

/** Expects a whole body; routes whose calls go to another thread buffer them. */
export function plainRequest({ body, ...request }: GatewayRequest): PlainRequest {
  return { ...request, params: { ...request.params }, body: ownBytes(body instanceof Uint8Array ? body : undefined) }
}

export function plainCall({ id, startedAtMs, deadlineAtMs, trace }: Call): PlainCall {
  return { id, startedAtMs, deadlineAtMs, trace: trace && { ...trace, attempts: [], detached: true } }
}

export function plainEnd(outcome: Outcome, { attempts }: Call): PlainEnd {
  const winner = outcome.ok && outcome.response.attempt !== undefined ? outcome.response.attempt.number : undefined
  return { outcome: plainOutcome(outcome), attempts: attempts.map((attempt) => ({ ...attempt })), winner }
}

function plainOutcome(outcome: Outcome): PlainOutcome {
  if (!outcome.ok) return { ok: false, failure: plainFailure(outcome.failure) }
  const { status, headers, body } = outcome.response
  if (!isHeld(body)) throw new Error('an answer that streams cannot go to another thread')
  return { ok: true, status, headers: [...headers], body: ownBytes(body) }
}

export function outcomeOf(plain: PlainOutcome, attempt: Attempt | undefined): Outcome {
  if (!plain.ok) return failed(plain.failure)
  return succeeded({ ...ownResponse(plain.status, plain.headers, plain.body), attempt })
}

/** Keeps the cause as text only: it may be anything, and was logged where it occurred. */
export function plainFailure(failure: Failure): Failure {
  const { cause } = failure
  return { ...failure, cause: cause instanceof Error ? (cause.stack ?? cause.message) : undefined }
}

/** The bytes to transfer with a message instead of copying them again. */
export function bytesOf({ body }: { readonly body: Uint8Array | undefined }): Transferable[] {
  return body === undefined ? [] : [body.buffer as ArrayBuffer]
}

/** Copies pooled bytes into memory of their own, or the whole pool would be sent. */
function ownBytes(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : Uint8Array.from(bytes)
}
