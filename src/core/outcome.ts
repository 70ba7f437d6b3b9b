import type { Failure } from './failure.ts'
import type { GatewayResponse } from './response.ts'

export interface Success {
  readonly ok: true
  readonly response: GatewayResponse
}

export interface Failed {
  readonly ok: false
  readonly failure: Failure
}

/** Result of an attempt or a call, known once the response head has arrived. */
export type Outcome = Success | Failed

export function succeeded(response: GatewayResponse): Success {
  return { ok: true, response }
}

export function failed(failure: Failure): Failed {
  return { ok: false, failure }
}
