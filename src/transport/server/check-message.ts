import type { IncomingMessage } from 'node:http'
import { type Failure, failure } from '../../core/failure.ts'
import { headerValue, headerValues } from '../../core/headers.ts'
import { failed } from '../../core/outcome.ts'
import { defaultFailurePolicy } from './failure-response.ts'
import type { RouteHandler } from './route-handler.ts'

/** Why a request is rejected whatever its path; undefined if it is valid. */
export function messageProblem(message: IncomingMessage, maxHeaderCount: number): Failure | undefined {
  if (message.httpVersionMajor !== 1) return failure('BAD_REQUEST', 'The protocol must be HTTP/1.0 or HTTP/1.1')
  const hosts = headerValues(message.rawHeaders, 'host').length
  if (hosts > 1) return failure('BAD_REQUEST', 'Host is given more than once')
  if (hosts === 0 && message.httpVersionMinor > 0) return failure('BAD_REQUEST', 'Host is missing')
  const coding = headerValue(message.rawHeaders, 'transfer-encoding')
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    return failure('BAD_REQUEST', 'The only supported Transfer-Encoding is chunked')
  }
  const count = message.rawHeaders.length / 2
  if (count <= maxHeaderCount) return undefined
  return failure('HEADER_TOO_LARGE', `The request header has ${count} fields; allowed: up to ${maxHeaderCount}`)
}

/** Requests that no route serves are calls too: they are answered, counted and logged like all others. */
export function refusing(reason: Failure): RouteHandler {
  return {
    facts: { name: 'none', strategy: 'none', idleTimeoutMs: 30_000 },
    service: () => Promise.resolve(failed(reason)),
    failures: defaultFailurePolicy,
    explain: false,
    upgrades: false,
    servesWhileDraining: false,
  }
}
