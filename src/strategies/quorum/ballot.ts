import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { AbortScope } from '../../core/abort.ts'
import { isHeld } from '../../core/body.ts'
import type { Failure } from '../../core/failure.ts'
import type { GatewayResponse } from '../../core/response.ts'
import { JsonDigest } from '../../kit/json-digest.ts'
import type { JsonParts } from '../../kit/json-parts.ts'
import { scanJson } from '../../kit/json-scan.ts'
import { threadTurns } from '../../kit/turns.ts'

const stepBytes = 64 * 1024
const none = new Uint8Array()

/**
 * Two answers agree if their ballots are the same string: status and body, without the `ignored` parts. If `ignored` is
 * undefined, bodies are compared byte for byte; also if a body is not JSON, is nested too deep to be compared, or has a
 * duplicate name, because then its value depends on the parser. A failure means that the scope was aborted.
 */
export async function ballotOf(
  { body, status }: GatewayResponse,
  ignored: JsonParts | undefined,
  scope: AbortScope,
): Promise<string | Failure> {
  if (!isHeld(body)) throw new Error('an answer to be compared was not held')
  const bytes = body ?? none
  const json = ignored === undefined ? undefined : await jsonDigest(bytes, ignored, scope)
  if (json !== undefined) return typeof json === 'string' ? `${status} json ${json}` : json
  const whole = await bytesDigest(bytes, scope)
  return typeof whole === 'string' ? `${status} bytes ${whole}` : whole
}

/** Undefined if the bytes must be compared. */
function jsonDigest(
  bytes: Uint8Array,
  ignored: JsonParts,
  scope: AbortScope,
): string | undefined | Promise<string | undefined | Failure> {
  if (!isUtf8(bytes)) return undefined
  const digest = new JsonDigest(bytes, ignored)
  return scanJson(bytes, { visitor: digest, scope }, (verdict) =>
    verdict === 'valid' && !digest.hasRepeatedName ? digest.result() : undefined,
  )
}

async function bytesDigest(bytes: Uint8Array, scope: AbortScope): Promise<string | Failure> {
  const hash = createHash('sha256')
  let at = 0
  const step = (): boolean => {
    hash.update(bytes.subarray(at, at + stepBytes))
    at += stepBytes
    return at >= bytes.length
  }
  const aborted = step() ? undefined : await threadTurns.run(step, scope)
  return aborted ?? hash.digest('base64')
}
