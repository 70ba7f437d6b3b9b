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

export type PlainRequest = Omit<GatewayRequest, 'body'> & { readonly body: Uint8Array<ArrayBuffer> | undefined }

export interface PlainCall {
  readonly id: string
  readonly startedAtMs: number
  readonly deadlineAtMs: number
  readonly trace: CallTrace | undefined
}

/** A call that another thread serves. */
export interface PassedCall {
  /** Unique among the calls that this thread passes; it identifies the call for an abort. */
  readonly number: number
  readonly request: PlainRequest
  readonly call: PlainCall
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
  return { ...request, params: { ...request.params }, body: body instanceof Uint8Array ? ownBytes(body) : undefined }
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
  return { ok: true, status, headers: [...headers], body: body && ownBytes(body) }
}

/** Adopts the outcome of a call that another thread has served, and its attempts there. */
export function adopted({ outcome, attempts, winner }: PlainEnd, call: Call): Outcome {
  let won: Attempt | undefined
  for (const attempt of attempts) {
    call.adopt(attempt)
    if (attempt.number === winner) won = attempt
  }
  if (!outcome.ok) return failed(outcome.failure)
  return succeeded({ ...ownResponse(outcome.status, outcome.headers, outcome.body), attempt: won })
}

/** Keeps the cause as text only: it may be anything, and was logged where it occurred. */
export function plainFailure(failure: Failure): Failure {
  const { cause } = failure
  return { ...failure, cause: cause instanceof Error ? (cause.stack ?? cause.message) : undefined }
}

/** The bytes to transfer with a message instead of copying them again. */
export function bytesOf({ body }: { readonly body: Uint8Array<ArrayBuffer> | undefined }): Transferable[] {
  return body === undefined ? [] : [body.buffer]
}

/** Copies pooled bytes into memory of their own, or the whole pool would be sent. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
