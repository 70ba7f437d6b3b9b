import type { Duplex } from 'node:stream'
import type { Attempt } from './attempt.ts'
import type { ResponseBody } from './body.ts'
import type { HeaderPairs } from './headers.ts'

export interface GatewayResponse {
  readonly status: number
  /** End-to-end fields only. */
  readonly headers: HeaderPairs
  readonly body: ResponseBody
  /** The attempt that produced the response; undefined if the gateway did. */
  readonly attempt: Attempt | undefined
  /** After `101 Switching Protocols`: the open connection to the target. */
  readonly upgraded: Duplex | undefined
}

/** A response that the gateway itself generates, without an attempt. */
export function ownResponse(status: number, headers: HeaderPairs, body: Uint8Array | undefined): GatewayResponse {
  return { status, headers, body, attempt: undefined, upgraded: undefined }
}
