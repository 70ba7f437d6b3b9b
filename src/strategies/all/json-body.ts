import { isUtf8 } from 'node:buffer'
import type { AbortScope } from '../../core/abort.ts'
import { failed } from '../../core/outcome.ts'
import { ok, type Result } from '../../core/result.ts'
import { joinBytes } from '../../kit/join-bytes.ts'
import { scanJson } from '../../kit/json-scan.ts'
import { threadTurns } from '../../kit/turns.ts'

const nothing = Buffer.from('null')
const quote = Buffer.from('"')
const stepLength = 16 * 1024

/**
 * A body as JSON text: JSON unchanged, any other body as a string, no body as null. A failure means that the scope was
 * aborted.
 */
export async function jsonBody(body: Uint8Array | undefined, scope: AbortScope): Promise<Result<Uint8Array>> {
  if (body === undefined || body.length === 0) return ok(nothing)
  // JSON must be UTF-8, so invalid bytes become U+FFFD.
  const bytes = isUtf8(body) ? body : Buffer.from(textOf(body))
  const isJson = await scanJson(bytes, { scope }, (verdict) => ok(verdict === 'valid'))
  if (!isJson.ok) return isJson
  return isJson.value ? ok(bytes) : quoted(textOf(bytes), scope)
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

/**
 * The result of JSON.stringify, but in turns: for 10 MiB of control characters, which grow sixfold, JSON.stringify
 * blocks the thread for 100 ms or more.
 */
async function quoted(text: string, scope: AbortScope): Promise<Result<Uint8Array>> {
  const parts: Buffer[] = [quote]
  let read = 0
  const encode = (): boolean => {
    const end = endOfPart(text, read + stepLength)
    parts.push(Buffer.from(JSON.stringify(text.slice(read, end)).slice(1, -1)))
    read = end
    return read >= text.length
  }
  const aborted = encode() ? undefined : await threadTurns.run(encode, scope)
  if (aborted !== undefined) return failed(aborted)
  parts.push(quote)
  return joinBytes(parts, scope)
}

/** Never splits a surrogate pair. */
function endOfPart(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1)
  return unit >= 0xd800 && unit < 0xdc00 ? end + 1 : end
}
