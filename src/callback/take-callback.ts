import { type Failure, type FailureCode, failure } from '../core/failure.ts'
import { type HeaderPairs, headerValue, headerValues } from '../core/headers.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import { type GatewayResponse, ownResponse } from '../core/response.ts'
import { ok, type Result } from '../core/result.ts'
import type { Clock } from '../kit/clock.ts'
import { statusCounts } from '../layers/success/success.ts'
import type { TicketResult } from '../store/ticket-store.ts'
import type { Callbacks, KnownCall } from './callbacks.ts'
import type { StatusRule } from './result-rules.ts'
import type { TokenFacts } from './token.ts'

/** A callback whose signature has been verified: plain data, because the call that it is for may wait in another thread. */
export interface VerifiedCallback {
  readonly id: string
  readonly durable: boolean
  /** Wall clock. */
  readonly expiresAtMs: number
  readonly headers: HeaderPairs
  /** Undefined: larger than `maxBytes`, and so not read. */
  readonly body: Uint8Array | undefined
  /** The path where it came in, and the limit there: they apply if its call is not known. */
  readonly path: string
  readonly maxBytes: number
}

/** The result of a callback. */
export type Taken =
  | { readonly ok: true; readonly verdict: 'answered' | 'repeated' | 'dropped' | 'kept' }
  | { readonly ok: false; readonly verdict: 'expired' | 'refused'; readonly failure: Failure }

/** The other workers, as seen from the one where a callback came in. */
export interface CallbackPeers {
  /** Passes a callback to the run that made its token; undefined if that run no longer exists. */
  pass(run: number, callback: VerifiedCallback): Promise<Taken | undefined>
}

/** Takes callbacks that came in at other workers. */
export interface CallbackReceiver {
  take(callback: VerifiedCallback): Promise<Taken>
}

/** The wall clock may have jumped; waiters use a monotonic clock. So the run that has the call judges the time. */
export function isExpired({ id, expiresAtMs }: Expiring, callbacks: Callbacks, wallNowMs: number): boolean {
  return expiresAtMs <= wallNowMs && callbacks.waiters.find(id) === undefined
}

type Expiring = Pick<TokenFacts, 'id' | 'expiresAtMs'>

export const expired: Taken = {
  ok: false,
  verdict: 'expired',
  failure: failure('CALLBACK_REFUSED', 'The callback has expired'),
}

/** For callbacks of this run's calls, wherever they came in. */
export function callbackReceiver(callbacks: Callbacks, clock: Pick<Clock, 'wallNow'>): CallbackReceiver {
  const { run } = callbacks.signer
  return {
    take: async (callback) => {
      if (isExpired(callback, callbacks, clock.wallNow())) return expired
      const { path: route, maxBytes } = callback
      // The results of unknown calls of this run are never kept, so their status does not matter.
      const unknown = { route, terms: { maxBytes, status: undefined } }
      return takeCallback(callback, { token: { ...callback, run, isOurs: true }, callbacks, unknown })
    },
  }
}

export interface TakeOptions {
  readonly token: TokenFacts
  readonly callbacks: Callbacks
  /** For a call of an earlier run. */
  readonly unknown: KnownCall
}

/** `unknown`: for a call whose result no client of this run wants. */
export function knownCall(id: string, callbacks: Callbacks, unknown: KnownCall): KnownCall {
  return callbacks.waiters.find(id)?.facts ?? callbacks.promised(id) ?? unknown
}

/** Answers the client that waits, or keeps the result for its ticket. */
export function takeCallback(callback: VerifiedCallback, options: TakeOptions): Promise<Taken> {
  const { token, callbacks, unknown } = options
  const { headers, body } = callback
  const waiter = callbacks.waiters.find(token.id)
  const { route, terms } = waiter?.facts ?? callbacks.promised(token.id) ?? unknown

  const keep = async (result: TicketResult): Promise<Taken> => {
    const kept = await callbacks.keep(token, route, result)
    return kept.ok ? { ok: true, verdict: kept.value } : refused(kept.failure)
  }

  /** A retry would carry the same result: the client need not wait for it, neither here nor at its ticket. */
  const useless = async (code: FailureCode, detail: string): Promise<Taken> => {
    const reason = failure('UPSTREAM_INVALID', detail)
    if (waiter !== undefined) callbacks.waiters.end(waiter, 'refused', failed(reason))
    else await keep(resultOf(reason))
    return refused(failure(code, detail))
  }

  const problem = encodingProblem(headers)
  if (problem !== undefined) return useless('BAD_REQUEST', problem)
  if (body === undefined || body.byteLength > terms.maxBytes) {
    return useless('BODY_TOO_LARGE', `The callback is larger than ${terms.maxBytes} bytes`)
  }
  const contentType = headerValue(headers, 'content-type') ?? 'application/octet-stream'
  const status = statusOf(terms.status, headers)
  if (waiter === undefined) {
    return keep(status.ok ? { kind: 'answer', status: status.value, contentType, body } : resultOf(status.failure))
  }
  callbacks.waiters.end(waiter, 'answered', answerOf(status, contentType, body))
  return Promise.resolve(answered)
}

const answered: Taken = { ok: true, verdict: 'answered' }

export function refused(reason: Failure): Taken {
  return { ok: false, verdict: 'refused', failure: reason }
}

export function encodingProblem(headers: HeaderPairs): string | undefined {
  if (headerValue(headers, 'content-encoding') === undefined) return undefined
  const encoding = headerValues(headers, 'content-encoding').find((name) => !/^\s*(?:identity)?\s*$/i.test(name))
  return encoding && `The callback has Content-Encoding ${encoding}; send it without one`
}

function resultOf({ code, detail }: Failure): TicketResult {
  return { kind: 'failure', code, detail }
}

/** The client's status; a failure if the callback names one that is not allowed. */
function statusOf(rule: StatusRule | undefined, headers: HeaderPairs): Result<number> {
  const named = rule && headerValue(headers, rule.field)
  if (rule === undefined || named === undefined) return ok(200)
  const status = /^[2-5]\d\d$/.test(named) ? Number(named) : undefined
  if (status !== undefined && statusCounts(rule.allow, status)) return ok(status)
  const what = JSON.stringify(named.slice(0, 20))
  return failed(failure('UPSTREAM_INVALID', `The callback sets the status ${what}, which this route does not allow`))
}

function answerOf(status: Result<number>, contentType: string, body: Uint8Array): Outcome {
  return status.ok ? succeeded(resultResponse({ status: status.value, contentType, body })) : status
}

/** A result as the client gets it, directly or at its ticket. */
export function resultResponse({ status, contentType, body }: Answer): GatewayResponse {
  // These statuses allow no body.
  const isBare = status === 204 || status === 205 || status === 304
  const headers = [...(isBare ? [] : ['content-type', contentType]), 'cache-control', 'no-store']
  return ownResponse(status, headers, isBare ? undefined : body)
}

type Answer = Pick<Extract<TicketResult, { readonly kind: 'answer' }>, 'status' | 'contentType' | 'body'>
