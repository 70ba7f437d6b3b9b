import type { AbortScope } from '../core/abort.ts'
import type { Failure } from '../core/failure.ts'
import { JsonScanner, type JsonVerdict, type JsonVisitor } from './json-scanner.ts'
import { type Turns, threadTurns } from './turns.ts'

/** Up to so much is scanned at once: at most 0.5 ms. */
export const atOnceBytes = 16 * 1024
/** What is scanned between two looks at the time, the same. */
export const stepBytes = 4 * 1024

export interface ScanOptions {
  readonly visitor?: JsonVisitor | undefined
  /** A scan that takes turns ends with the reason when this is aborted. */
  readonly scope: AbortScope
  readonly turns?: Turns | undefined
}

/**
 * Scans JSON: a small text at once, a larger one in turns with all else that the thread does. What the scan came to is
 * handed to `conclude`.
 */
export function scanJson<T>(
  text: Uint8Array,
  { visitor, scope, turns = threadTurns }: ScanOptions,
  conclude: (verdict: JsonVerdict) => T | Promise<T | Failure>,
): T | Promise<T | Failure> {
  const scanner = new JsonScanner(text, visitor)
  if (text.length <= atOnceBytes) return conclude(scanner.scan(atOnceBytes) ?? 'invalid')
  return scanInTurns(scanner, scope, turns).then((result) => (typeof result === 'string' ? conclude(result) : result))
}

async function scanInTurns(scanner: JsonScanner, scope: AbortScope, turns: Turns): Promise<JsonVerdict | Failure> {
  let verdict: JsonVerdict | undefined
  const aborted = await turns.run(() => {
    verdict = scanner.scan(stepBytes)
    return verdict !== undefined
  }, scope)
  return aborted ?? verdict ?? 'invalid'
}
