import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { headerValue, headerValues } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { ownResponse } from '../../core/response.ts'
import type { Service } from '../../core/service.ts'
import type { TicketResult } from '../../store/ticket-store.ts'
import { holdBody } from '../../strategies/hold-body/hold-body.ts'
import { statusCounts } from '../../strategies/success/success.ts'
import type { Callbacks } from './callbacks.ts'
import { isInHead, tokenBy, tokenParameter } from './correlation.ts'
import type { CallbackOptions } from './options.ts'
import { callbackAt, type TokenFacts, type Verdict } from './token.ts'

export interface ReceiveOptions {
  readonly receive: CallbackOptions['receive']
  readonly maxBytes: number
  readonly callbacks: Callbacks
  /** Wall clock, milliseconds. */
  readonly wallNow: () => number
}

/**
 * Takes what backends post back. A backend posts again until it gets a 2xx, so it gets one for all that is no forgery:
 * 200 if the client was answered with it or nobody wants it, 202 if it is kept for a client with a ticket. Only what a
 * full or failing store could not keep gets 503, as it is wanted and may be kept the next time.
 */
export function receiveCallbacks(options: ReceiveOptions): Service {
  const { receive, maxBytes, callbacks, wallNow } = options
  const tokenOf = tokenBy(receive.id)
  const statusOf = statusBy(receive.status)
  const use = callbackAt(receive.path)
  const hold = holdBody(maxBytes)

  const judge = (request: GatewayRequest): Verdict | { readonly kind: 'missing' } => {
    const token = tokenOf(request, () => heldBody(request))
    if (token === undefined) return { kind: 'missing' }
    const verdict = callbacks.signer.verify(token, use, wallNow())
    // The wall clock may have jumped; who waits does so by a clock that does not.
    if (verdict.kind === 'expired' && callbacks.waiters.find(verdict.id) !== undefined)
      return { ...verdict, kind: 'good' }
    return verdict
  }

  const take = async (token: TokenFacts, request: GatewayRequest, call: Call): Promise<Outcome> => {
    const body = heldBody(request) ?? new Uint8Array()
    const contentType = headerValue(request.headers, 'content-type') ?? 'application/octet-stream'
    const status = statusOf(request)
    const waiter = callbacks.waiters.find(token.id)
    if (waiter !== undefined) {
      callbacks.waiters.end(waiter, 'answered', answerOf(status, contentType, body))
      return taken('answered', call)
    }
    const result =
      typeof status === 'number' ? ({ kind: 'answer', status, contentType, body } as const) : resultOf(status)
    const kept = await callbacks.keep(token, receive.path, result)
    return typeof kept === 'string' ? taken(kept, call) : notKept(kept, call)
  }

  /** It would be the same the next time: the client need not wait for it, here or at its ticket. */
  const useless = async (token: TokenFacts, detail: string): Promise<void> => {
    const waiter = callbacks.waiters.find(token.id)
    const reason = failure('UPSTREAM_INVALID', detail)
    if (waiter !== undefined) callbacks.waiters.end(waiter, 'refused', failed(reason))
    else await callbacks.keep(token, receive.path, resultOf(reason))
  }

  return async (request, call) => {
    // The body may be large: for a forgery it is not read, where that shows before.
    const early = isInHead(receive.id) ? judge(request) : undefined
    if (early !== undefined && early.kind !== 'good') return refused(early.kind, receive.id, call)
    const encoding = headerValues(request.headers, 'content-encoding').find(
      (name) => !/^\s*(?:identity)?\s*$/i.test(name),
    )
    if (encoding !== undefined) {
      const detail = `The Content-Encoding of the callback is ${encoding}; it must come as it is`
      if (early !== undefined) await useless(early, detail)
      return failed(failure('BAD_REQUEST', detail))
    }
    const outcome = await hold((whole) => {
      const verdict = early ?? judge(whole)
      return verdict.kind === 'good'
        ? take(verdict, whole, call)
        : Promise.resolve(refused(verdict.kind, receive.id, call))
    })(request, call)
    if (early !== undefined && !outcome.ok && outcome.failure.code === 'BODY_TOO_LARGE') {
      await useless(early, `The callback is larger than ${maxBytes} bytes`)
    }
    return outcome
  }
}

function resultOf({ code, detail }: Failure): TicketResult {
  return { kind: 'failure', code, detail }
}

function heldBody({ body }: GatewayRequest): Uint8Array | undefined {
  return body instanceof Uint8Array ? body : undefined
}

const answers = { answered: 200, repeated: 200, dropped: 200, kept: 202 } as const

function taken(verdict: keyof typeof answers, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict })
  const body = Buffer.from(`${JSON.stringify({ status: verdict })}\n`)
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
  return succeeded(ownResponse(answers[verdict], headers, body))
}

function refused(verdict: 'forged' | 'expired' | 'missing', place: string, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict: verdict === 'missing' ? 'forged' : verdict })
  const what = {
    forged: 'has no signature of this gateway',
    expired: 'came after its time was over',
    missing: `does not say whose result it is: there is nothing at ${place === 'url' ? `query:${tokenParameter}` : place}`,
  }[verdict]
  return failed(failure('CALLBACK_REFUSED', `The callback ${what}`))
}

function notKept(reason: Failure, call: Call): Outcome {
  call.emit({ type: 'callback.received', verdict: 'refused' })
  return failed(reason)
}

function answerOf(status: number | Failure, contentType: string, body: Uint8Array): Outcome {
  if (typeof status === 'object') return failed(status)
  // These have no body by their own meaning.
  if (status === 204 || status === 205 || status === 304) {
    const headers = ['cache-control', 'no-store']
    return succeeded(ownResponse(status, headers, undefined))
  }
  const headers = ['content-type', contentType, 'cache-control', 'no-store']
  return succeeded(ownResponse(status, headers, body))
}

function statusBy(options: CallbackOptions['receive']['status']): (request: GatewayRequest) => number | Failure {
  if (options === undefined) return () => 200
  const field = options.header.toLowerCase()
  return ({ headers }) => {
    const named = headerValue(headers, field)
    if (named === undefined) return 200
    const status = /^[2-5]\d\d$/.test(named) ? Number(named) : undefined
    if (status !== undefined && statusCounts(options.allow, status)) return status
    return failure(
      'UPSTREAM_INVALID',
      `The callback named the status ${JSON.stringify(named.slice(0, 20))}, which this route does not allow`,
    )
  }
}
