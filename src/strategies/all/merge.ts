import { isHeld, type ResponseBody } from '../../core/body.ts'
import { type GatewayResponse, ownResponse } from '../../core/response.ts'
import type { Runner } from '../../kit/race.ts'

const comma = Buffer.from(',')
const headers = ['content-type', 'application/json']

/** The bodies of the good answers, already JSON, as one JSON array, or as an object if they have names. */
export function merge(runners: readonly Runner[], names: readonly string[] | undefined): GatewayResponse {
  const [open, close] = names === undefined ? '[]' : '{}'
  const parts: Uint8Array[] = []
  for (const [index, { outcome }] of runners.entries()) {
    if (outcome?.ok !== true) continue
    if (parts.length > 0) parts.push(comma)
    if (names !== undefined) parts.push(Buffer.from(`${JSON.stringify(names[index])}:`))
    parts.push(held(outcome.response.body))
  }
  return ownResponse(200, headers, Buffer.concat([Buffer.from(open ?? ''), ...parts, Buffer.from(close ?? '')]))
}

function held(body: ResponseBody): Uint8Array {
  if (!isHeld(body) || body === undefined) throw new Error('an answer to be merged was not made JSON')
  return body
}
