import type { Call } from '../core/call.ts'
import { type Failure, type FailureCode, failure } from '../core/failure.ts'
import { headerValue, headerValues, withoutHeaders } from '../core/headers.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type GatewayResponse, ownResponse } from '../core/response.ts'
import type { Service } from '../core/service.ts'
import { bufferBody } from '../layers/buffer-body/buffer-body.ts'
import type { TicketResult } from '../store/ticket-store.ts'
import type { Callbacks, KnownCall } from './callbacks.ts'
import type { CallbackOptions } from './options.ts'
import { resultResponse, termsOf } from './result-rules.ts'
import { callbackAt, type TokenFacts, type Verdict } from './token.ts'
import { type Token, type TokenPlace, tokenBy, tokenParameter } from './token-placement.ts'

export interface ReceiveOptions {
  /** `status`: for callbacks of an earlier run's calls; calls of this run have their own. */
  readonly receive: CallbackOptions['receive']
  /** The largest limit of any call whose callback may arrive here. */
  readonly maxBytes: number
  readonly callbacks: Callbacks
  /** Wall clock, milliseconds. */
  readonly wallNow: () => number
  /** Called for callbacks whose token another run made, because a client may be waiting there. */
  readonly elsewhere?: Elsewhere | undefined
}

/**
 * Passes a callback, whole or `unread`, to the run with this number; undefined if that run no longer exists. The
 * token's signature has been verified by then; that run decides whether the token has expired.
 */
export type Elsewhere = (run: number, request: GatewayRequest, call: Call) => Promise<Outcome | undefined> | undefined

type Judged = Verdict | { readonly kind: 'missing' }

/**
 * Takes callbacks from backends. A backend retries until it gets a 2xx, so everything but a forgery gets one: 200 if
 * the client was answered or nobody wants the result, 202 if the result is kept for a client with a ticket. A result
 * that a full or failing store could not keep gets 503, because it is wanted and a retry may succeed.
 */
export function receiveCallbacks(options: ReceiveOptions): Service {
  const { receive, maxBytes, callbacks, wallNow, elsewhere } = options
  const place = tokenBy(receive.id)
  const use = callbackAt(receive.path)
  const usual = { route: receive.path, terms: termsOf({ maxAnswer: maxBytes, status: receive.status }) }

  const judgeToken = (token: Token): Judged => {
    if (token === undefined) return { kind: 'missing' }
    const verdict = callbacks.signer.verify(token, use, wallNow())
    // The wall clock may have jumped; waiters use a monotonic clock.
    if (verdict.kind === 'expired' && callbacks.waiters.find(verdict.id) !== undefined)
      return { ...verdict, kind: 'good' }
    return verdict
  }

  const callOf = ({ id }: TokenFacts): KnownCall => callbacks.known(id) ?? usual

  const take = (token: TokenFacts, request: GatewayRequest, call: Call): Promise<Outcome> => {
    const body = heldBody(request) ?? new Uint8Array()
    const contentType = headerValue(request.headers, 'content-type') ?? 'application/octet-stream'
    const status = callOf(token).terms.statusOf(request)
    const waiter = callbacks.waiters.find(token.id)
    if (waiter === undefined) return keep(token, status, contentType, body, call)
    callbacks.waiters.end(waiter, 'answered', answerOf(status, contentType, body))
    return Promise.resolve(taken('answered', call))
  }

  const keep = async (
    token: TokenFacts,
    status: number | Failure,
    contentType: string,
    body: Uint8Array,
    call: Call,
  ): Promise<Outcome> => {
    const result =
      typeof status === 'number' ? ({ kind: 'answer', status, contentType, body } as const) : resultOf(status)
    const kept = await callbacks.keep(token, callOf(token).route, result)
    return typeof kept === 'string' ? taken(kept, call) : notTaken(kept, call)
  }

  /** A retry would carry the same result: the client need not wait for it, neither here nor at its ticket. */
  const useless = async (token: TokenFacts, code: FailureCode, detail: string, call: Call): Promise<Outcome> => {
    const waiter = callbacks.waiters.find(token.id)
    const reason = failure('UPSTREAM_INVALID', detail)
    if (waiter !== undefined) callbacks.waiters.end(waiter, 'refused', failed(reason))
    else await callbacks.keep(token, callOf(token).route, resultOf(reason))
    return notTaken(failure(code, detail), call)
  }

  /** The other run that must handle the callback. */
  const otherRun = (verdict: Judged): number | undefined => {
    if (elsewhere === undefined || verdict.kind === 'forged' || verdict.kind === 'missing') return undefined
    return verdict.isOurs ? undefined : verdict.run
  }

  const conclude = (verdict: Judged, request: GatewayRequest, call: Call): Promise<Outcome> => {
    if (verdict.kind !== 'good') return Promise.resolve(refused(verdict.kind, receive.id, call))
    const problem = encodingProblem(request)
    if (problem !== undefined) return useless(verdict, 'BAD_REQUEST', problem, call)
    const { maxBytes: allowed } = callOf(verdict).terms
    const isTooLarge = isUnread(request) || (heldBody(request)?.byteLength ?? 0) > allowed
    if (!isTooLarge) return take(verdict, request, call)
    return useless(verdict, 'BODY_TOO_LARGE', `The callback is larger than ${allowed} bytes`, call)
  }

  /** The request is whole or unread, or its token is in the head. */
  const judged = (verdict: Judged, request: GatewayRequest, call: Call): Promise<Outcome> => {
    const run = otherRun(verdict)
    const asked = run === undefined ? undefined : elsewhere?.(run, request, call)
    if (asked === undefined) return conclude(verdict, request, call)
    return asked.then((outcome) => outcome ?? conclude(verdict, request, call))
  }

  const judgeBody = async (whole: GatewayRequest, call: Call): Promise<Outcome> => {
    const token = await place.tokenOf(whole, call.scope)
    return typeof token === 'object' ? failed(token) : judged(judgeToken(token), whole, call)
  }

  return async (request, call) => {
    // The body may be large: if the head shows a forgery, it is not read.
    const early = place.isInHead ? judgeToken(place.tokenOf(request)) : undefined
    const isForAnother = early !== undefined && otherRun(early) !== undefined
    const problem = encodingProblem(request)
    if (problem !== undefined && early === undefined) return notTaken(failure('BAD_REQUEST', problem), call)
    const needsNoBody = early !== undefined && !isForAnother && (early.kind !== 'good' || problem !== undefined)
    if (needsNoBody) return judged(early, request, call)
    const allowed = early?.kind === 'good' && !isForAnother ? callOf(early).terms.maxBytes : maxBytes
    let isRead = false
    const hold = bufferBody(allowed)((whole) => {
      isRead = true
      return early === undefined ? judgeBody(whole, call) : judged(early, whole, call)
    })
    const outcome = await hold(request, call)
    if (isRead || outcome.ok || outcome.failure.code !== 'BODY_TOO_LARGE') return outcome
    return early === undefined ? notTaken(outcome.failure, call) : judged(early, unread(request, allowed), call)
  }
}

const lengthOfBody: ReadonlySet<string> = new Set(['content-length'])

/** The body was too large to read or to pass on: the request declares a length but has no body. */
function unread(request: GatewayRequest, maxBytes: number): GatewayRequest {
  const bytes = Math.max(Number(headerValue(request.headers, 'content-length') ?? 0), maxBytes + 1)
  const headers = [...withoutHeaders(request.headers, lengthOfBody), 'content-length', String(bytes)]
  return { ...request, headers, body: undefined }
}

function isUnread({ headers, body }: GatewayRequest): boolean {
  return body === undefined && Number(headerValue(headers, 'content-length') ?? 0) > 0
}

function encodingProblem({ headers }: GatewayRequest): string | undefined {
  if (headerValue(headers, 'content-encoding') === undefined) return undefined
  const encoding = headerValues(headers, 'content-encoding').find((name) => !/^\s*(?:identity)?\s*$/i.test(name))
  return encoding && `The callback has Content-Encoding ${encoding}; send it without one`
}

/** Whether the request has a token at this position. `request`: held if the token is in the body. */
export async function namesResult(place: TokenPlace, request: GatewayRequest, { scope }: Call): Promise<boolean> {
  return typeof (await place.tokenOf(request, scope)) === 'string'
}

function resultOf({ code, detail }: Failure): TicketResult {
  return { kind: 'failure', code, detail }
}

function heldBody({ body }: GatewayRequest): Uint8Array | undefined {
  return body instanceof Uint8Array ? body : undefined
}

const answers = {
  answered: takenAs('answered', 200),
  repeated: takenAs('repeated', 200),
  dropped: takenAs('dropped', 200),
  kept: takenAs('kept', 202),
} as const

function takenAs(verdict: string, status: number): GatewayResponse {
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
  return ownResponse(status, headers, Buffer.from(`${JSON.stringify({ status: verdict })}\n`))
}

function taken(verdict: keyof typeof answers, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict })
  return succeeded(answers[verdict])
}

function refused(verdict: 'forged' | 'expired' | 'missing', place: string, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict: verdict === 'missing' ? 'forged' : verdict })
  const what = {
    forged: 'was not signed by this gateway',
    expired: 'has expired',
    missing: `does not say which call it answers: nothing was found at ${place === 'url' ? `query:${tokenParameter}` : place}`,
  }[verdict]
  return failed(failure('CALLBACK_REFUSED', `The callback ${what}`))
}

function notTaken(reason: Failure, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict: 'refused' })
  return failed(reason)
}

function answerOf(status: number | Failure, contentType: string, body: Uint8Array): Outcome {
  if (typeof status === 'object') return failed(status)
  return succeeded(resultResponse({ status, contentType, body }))
}
