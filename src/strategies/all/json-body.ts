import { isUtf8 } from 'node:buffer'
import type { AbortScope } from '../../core/abort.ts'
import type { Failure } from '../../core/failure.ts'
import { scanJson } from '../../kit/json-scan.ts'
import { threadTurns } from '../../kit/turns.ts'

const nothing = Buffer.from('null')
const stepLength = 16 * 1024

/**
 * A body as a JSON text: one that is JSON as it is, any other as a string, none as null. A failure: the scope was aborted.
 */
export async function jsonBody(body: Uint8Array | undefined, scope: AbortScope): Promise<Uint8Array | Failure> {
  if (body === undefined || body.length === 0) return nothing
  // What is no UTF-8 goes in with U+FFFD in its place, as JSON has to be UTF-8.
  const bytes = isUtf8(body) ? body : Buffer.from(textOf(body))
  const isJson = await scanJson(bytes, { scope }, (verdict) => verdict === 'valid')
  if (typeof isJson !== 'boolean') return isJson
  return isJson ? bytes : quoted(textOf(bytes), scope)
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

/** What JSON.stringify makes of it, which takes 100 ms for 10 MiB of control characters. */
async function quoted(text: string, scope: AbortScope): Promise<Uint8Array | Failure> {
  const parts = ['"']
  let at = 0
  const step = (): boolean => {
    const end = endOfPart(text, at + stepLength)
    parts.push(JSON.stringify(text.slice(at, end)).slice(1, -1))
    at = end
    return at >= text.length
  }
  const aborted = step() ? undefined : await threadTurns.run(step, scope)
  return aborted ?? Buffer.from(`${parts.join('')}"`)
}

/** The two halves of a character stay together. */
function endOfPart(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1)
  return unit >= 0xd800 && unit < 0xdc00 ? end + 1 : end
}
