import { failure } from '../core/failure.ts'
import { headerValue } from '../core/headers.ts'
import { failed } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type GatewayResponse, ownResponse } from '../core/response.ts'
import { ok, type Result } from '../core/result.ts'
import { statusCounts } from '../layers/success/success.ts'
import type { TicketResult } from '../store/ticket-store.ts'
import type { CallbackOptions } from './options.ts'

/**
 * Limits on a call's result. A call keeps the limits that its route had when the call began: a reload does not change
 * them, nor does a route with the same callback path.
 */
export interface Terms {
  readonly maxBytes: number
  /** The client's status, taken from its callback; a failure if that status is not allowed. */
  readonly statusOf: (callback: Pick<GatewayRequest, 'headers'>) => Result<number>
}

export interface TermsOptions {
  readonly maxAnswer: number
  readonly status: CallbackOptions['receive']['status']
}

export function termsOf({ maxAnswer, status }: TermsOptions): Terms {
  return { maxBytes: maxAnswer, statusOf: statusBy(status) }
}

/** A result as the client gets it, directly or at its ticket. */
export function resultResponse({ status, contentType, body }: Answer): GatewayResponse {
  // These statuses allow no body.
  const isBare = status === 204 || status === 205 || status === 304
  const headers = [...(isBare ? [] : ['content-type', contentType]), 'cache-control', 'no-store']
  return ownResponse(status, headers, isBare ? undefined : body)
}

type Answer = Pick<Extract<TicketResult, { readonly kind: 'answer' }>, 'status' | 'contentType' | 'body'>

function statusBy(options: TermsOptions['status']): Terms['statusOf'] {
  if (options === undefined) return () => ok(200)
  const field = options.header.toLowerCase()
  return ({ headers }) => {
    const named = headerValue(headers, field)
    if (named === undefined) return ok(200)
    const status = /^[2-5]\d\d$/.test(named) ? Number(named) : undefined
    if (status !== undefined && statusCounts(options.allow, status)) return ok(status)
    const what = JSON.stringify(named.slice(0, 20))
    return failed(failure('UPSTREAM_INVALID', `The callback sets the status ${what}, which this route does not allow`))
  }
}
