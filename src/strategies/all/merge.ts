import { isHeld, type ResponseBody } from '../../core/body.ts'
import { type GatewayResponse, ownResponse } from '../../core/response.ts'
import type { Runner } from '../../kit/race.ts'

/**
 * The bodies of the good answers as one JSON array, or as an object if they have names. A body that is JSON goes in as
 * it is, any other as a string, none as null.
 */
export function merge(runners: readonly Runner[], names: readonly string[] | undefined): GatewayResponse {
  const parts: string[] = []
  for (let place = 0; place < runners.length; place++) {
    const outcome = runners[place]?.outcome
    if (outcome?.ok !== true) continue
    const json = toJson(outcome.response.body)
    parts.push(names === undefined ? json : `${JSON.stringify(names[place])}:${json}`)
  }
  const text = names === undefined ? `[${parts.join(',')}]` : `{${parts.join(',')}}`
  const headers = ['content-type', 'application/json']
  return ownResponse(200, headers, Buffer.from(text))
}

function toJson(body: ResponseBody): string {
  if (!isHeld(body)) throw new Error('an answer to be merged was not held')
  if (body === undefined || body.length === 0) return 'null'
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}
