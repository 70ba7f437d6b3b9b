import type { AbortListener } from '../core/abort.ts'
import type { Call } from '../core/call.ts'
import { failure } from '../core/failure.ts'
import { headerValue, withoutHeaders } from '../core/headers.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type GatewayResponse, ownResponse } from '../core/response.ts'
import { ok } from '../core/result.ts'
import type { Service } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import { bufferBody } from '../layers/buffer-body/buffer-body.ts'
import type { Callbacks } from './callbacks.ts'
import type { CallbackOptions } from './options.ts'
import { termsOf } from './result-rules.ts'
import {
  type CallbackPeers,
  encodingProblem,
  expired,
  isExpired,
  knownCall,
  refused,
  type Taken,
  takeCallback,
  type VerifiedCallback,
} from './take-callback.ts'
import { callbackAt, type TokenFacts, type Verdict } from './token.ts'
import { type Token, type TokenLocation, tokenBy, tokenParameter } from './token-placement.ts'

export interface ReceiveOptions {
  /** `status`: for callbacks of an earlier run's calls; calls of this run have their own. */
  readonly receive: CallbackOptions['receive']
  /** The largest limit of any call whose callback may arrive here. */
  readonly maxBytes: number
  readonly callbacks: Callbacks
  readonly clock: Pick<Clock, 'wallNow'>
  /** Set when several workers take callbacks: the client may wait at the one that made the token. */
  readonly peers?: CallbackPeers | undefined
}

type Judged = Verdict | { readonly kind: 'missing' }

/**
 * Takes callbacks from backends. A backend retries until it gets a 2xx, so everything but a forgery gets one: 200 if
 * the client was answered or nobody wants the result, 202 if the result is kept for a client with a ticket. A result
 * that a full or failing store could not keep gets 503, because it is wanted and a retry may succeed.
 */
export function receiveCallbacks(options: ReceiveOptions): Service {
  const { receive, maxBytes, callbacks, clock, peers } = options
  const { path } = receive
  const location = tokenBy(receive.id)
  const use = callbackAt(path)
  const unknown = { route: path, terms: termsOf({ maxAnswer: maxBytes, status: receive.status }) }

  const judgeToken = (token: Token): Judged => {
    if (token === undefined) return { kind: 'missing' }
    const verdict = callbacks.signer.verify(token, use, clock.wallNow())
    if (verdict.kind === 'expired' && !isExpired(verdict, callbacks, clock.wallNow()))
      return { ...verdict, kind: 'good' }
    return verdict
  }

  const limitOf = ({ id }: TokenFacts): number => knownCall(id, callbacks, unknown).terms.maxBytes

  /** The other run that must handle the callback. */
  const otherRun = (verdict: Judged): number | undefined => {
    if (peers === undefined || verdict.kind === 'forged' || verdict.kind === 'missing') return undefined
    return verdict.isOurs ? undefined : verdict.run
  }

  const verified = ({ id, durable, expiresAtMs }: TokenFacts, { headers, body }: GatewayRequest): VerifiedCallback => {
    const held = body instanceof Uint8Array ? body : noBody
    const isUnread = body === undefined && Number(headerValue(headers, 'content-length') ?? 0) > 0
    return { id, durable, expiresAtMs, headers, body: isUnread ? undefined : held, path, maxBytes }
  }

  const takeHere = (token: Extract<Judged, TokenFacts>, callback: VerifiedCallback): Promise<Taken> =>
    token.kind === 'expired' ? Promise.resolve(expired) : takeCallback(callback, { token, callbacks, unknown })

  /** The request is whole or unread, or its token is in the head. */
  const judged = (verdict: Judged, request: GatewayRequest, call: Call): Promise<Outcome> => {
    if (verdict.kind === 'forged' || verdict.kind === 'missing')
      return Promise.resolve(notRecognized(verdict.kind, receive.id, call))
    const callback = verified(verdict, request)
    const run = otherRun(verdict)
    if (run === undefined || peers === undefined)
      return takeHere(verdict, callback).then((taken) => outcomeOf(taken, call))
    const taking = peers.pass(run, callback)
    return settledOnAbort(
      taking.then(async (taken) => outcomeOf(taken ?? (await takeHere(verdict, callback)), call)),
      call,
    )
  }

  const judgeBody = async (whole: GatewayRequest, call: Call): Promise<Outcome> => {
    const token = location.isInHead ? ok(location.tokenOf(whole)) : await location.tokenOf(whole, call.scope)
    return token.ok ? judged(judgeToken(token.value), whole, call) : token
  }

  return async (request, call) => {
    // The body may be large: if the head shows a forgery, it is not read.
    const early = location.isInHead ? judgeToken(location.tokenOf(request)) : undefined
    const isForAnother = early !== undefined && otherRun(early) !== undefined
    const problem = encodingProblem(request.headers)
    if (problem !== undefined && early === undefined) return outcomeOf(refused(failure('BAD_REQUEST', problem)), call)
    const needsNoBody = early !== undefined && !isForAnother && (early.kind !== 'good' || problem !== undefined)
    if (needsNoBody) return judged(early, request, call)
    const allowed = early?.kind === 'good' && !isForAnother ? limitOf(early) : maxBytes
    let isRead = false
    const hold = bufferBody(allowed)((whole) => {
      isRead = true
      return early === undefined ? judgeBody(whole, call) : judged(early, whole, call)
    })
    const outcome = await hold(request, call)
    if (isRead || outcome.ok || outcome.failure.code !== 'BODY_TOO_LARGE') return outcome
    return early === undefined
      ? outcomeOf(refused(outcome.failure), call)
      : judged(early, unread(request, allowed), call)
  }
}

const noBody = new Uint8Array()
const lengthOfBody: ReadonlySet<string> = new Set(['content-length'])

/** The body was too large to read or to pass on: the request declares a length but has no body. */
function unread(request: GatewayRequest, maxBytes: number): GatewayRequest {
  const bytes = Math.max(Number(headerValue(request.headers, 'content-length') ?? 0), maxBytes + 1)
  const headers = [...withoutHeaders(request.headers, lengthOfBody), 'content-length', String(bytes)]
  return { ...request, headers, body: undefined }
}

/** Whether the request has a token there. `request`: held if the token is in the body. */
export async function namesResult(from: TokenLocation, request: GatewayRequest, { scope }: Call): Promise<boolean> {
  if (from.isInHead) return from.tokenOf(request) !== undefined
  const token = await from.tokenOf(request, scope)
  return token.ok && token.value !== undefined
}

/** The other worker may hang: the call ends when its client has gone. */
function settledOnAbort(taking: Promise<Outcome>, { scope }: Call): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const listener: AbortListener = { onAbort: (reason) => resolve(failed(reason)) }
    scope.add(listener)
    taking.then(resolve, reject).finally(() => scope.remove(listener))
  })
}

const answers = {
  answered: answerAs('answered', 200),
  repeated: answerAs('repeated', 200),
  dropped: answerAs('dropped', 200),
  kept: answerAs('kept', 202),
} as const

function answerAs(verdict: string, status: number): GatewayResponse {
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
  return ownResponse(status, headers, Buffer.from(`${JSON.stringify({ status: verdict })}\n`))
}

/** The backend's answer. A callback is counted here, where it came in, once it is known what became of it. */
function outcomeOf(taken: Taken, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict: taken.verdict })
  return taken.ok ? succeeded(answers[taken.verdict]) : failed(taken.failure)
}

function notRecognized(verdict: 'forged' | 'missing', id: string, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict: 'forged' })
  const what = {
    forged: 'was not signed by this gateway',
    missing: `does not say which call it answers: nothing was found at ${id === 'url' ? `query:${tokenParameter}` : id}`,
  }[verdict]
  return failed(failure('CALLBACK_REFUSED', `The callback ${what}`))
}
