import type { Duplex } from 'node:stream'
import type { Attempt } from './attempt.ts'
import type { ResponseBody } from './body.ts'
import type { HeaderPairs } from './headers.ts'

export interface GatewayResponse {
  readonly status: number
  /** End-to-end fields only. */
  readonly headers: HeaderPairs
  readonly body: ResponseBody
  /** Which attempt it comes from; none where the gateway made it. */
  readonly attempt: Attempt | undefined
  /** After `101 Switching Protocols`: the open connection to the target. */
  readonly upgraded: Duplex | undefined
}

/** One that the gateway makes itself: it comes from no attempt. */
export function ownResponse(status: number, headers: HeaderPairs, body: Uint8Array | undefined): GatewayResponse {
  return { status, headers, body, attempt: undefined, upgraded: undefined }
}
