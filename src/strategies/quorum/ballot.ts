import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { AbortScope } from '../../core/abort.ts'
import { isHeld } from '../../core/body.ts'
import { failed } from '../../core/outcome.ts'
import type { GatewayResponse } from '../../core/response.ts'
import { ok, type Result } from '../../core/result.ts'
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
): Promise<Result<string>> {
  if (!isHeld(body)) throw new Error('an answer to be compared was not held')
  const bytes = body ?? none
  const json = ignored === undefined ? incomparable : await jsonDigest(bytes, ignored, scope)
  if (!json.ok) return json
  if (json.value !== undefined) return ok(`${status} json ${json.value}`)
  const whole = await bytesDigest(bytes, scope)
  return whole.ok ? ok(`${status} bytes ${whole.value}`) : whole
}

/** The bytes must be compared. */
const incomparable: Result<string | undefined> = ok(undefined)

/** The value is undefined if the bytes must be compared. */
function jsonDigest(
  bytes: Uint8Array,
  ignored: JsonParts,
  scope: AbortScope,
): Result<string | undefined> | Promise<Result<string | undefined>> {
  if (!isUtf8(bytes)) return incomparable
  const digest = new JsonDigest(bytes, ignored)
  return scanJson(bytes, { visitor: digest, scope }, (verdict) =>
    verdict === 'valid' && !digest.hasRepeatedName ? ok(digest.result()) : incomparable,
  )
}

async function bytesDigest(bytes: Uint8Array, scope: AbortScope): Promise<Result<string>> {
  const hash = createHash('sha256')
  let at = 0
  const step = (): boolean => {
    hash.update(bytes.subarray(at, at + stepBytes))
    at += stepBytes
    return at >= bytes.length
  }
  const aborted = step() ? undefined : await threadTurns.run(step, scope)
  return aborted === undefined ? ok(hash.digest('base64')) : failed(aborted)
}
