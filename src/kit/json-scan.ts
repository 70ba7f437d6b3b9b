import type { AbortScope } from '../core/abort.ts'
import { failed } from '../core/outcome.ts'
import { ok, type Result } from '../core/result.ts'
import { JsonScanner, type JsonVerdict, type JsonVisitor } from './json-scanner.ts'
import { type Turns, threadTurns } from './turns.ts'

/** Texts up to this size are scanned in one go: at most 0.5 ms. */
export const atOnceBytes = 16 * 1024
/** Bytes scanned between two reads of the clock. */
export const stepBytes = 4 * 1024

export interface ScanOptions {
  readonly visitor?: JsonVisitor | undefined
  /** When aborted, a scan that runs in turns ends with the reason. */
  readonly scope: AbortScope
  readonly turns?: Turns | undefined
}

/**
 * Scans JSON: a small text synchronously, a larger one in turns with the thread's other work. `conclude` receives the
 * verdict.
 */
export function scanJson<T>(
  text: Uint8Array,
  { visitor, scope, turns = threadTurns }: ScanOptions,
  conclude: (verdict: JsonVerdict) => Result<T> | Promise<Result<T>>,
): Result<T> | Promise<Result<T>> {
  const scanner = new JsonScanner(text, visitor)
  if (text.length <= atOnceBytes) return conclude(scanner.scan(atOnceBytes) ?? 'invalid')
  return scanInTurns(scanner, scope, turns).then((scanned) => (scanned.ok ? conclude(scanned.value) : scanned))
}

async function scanInTurns(scanner: JsonScanner, scope: AbortScope, turns: Turns): Promise<Result<JsonVerdict>> {
  let verdict: JsonVerdict | undefined
  const aborted = await turns.run(() => {
    verdict = scanner.scan(stepBytes)
    return verdict !== undefined
  }, scope)
  return aborted === undefined ? ok(verdict ?? 'invalid') : failed(aborted)
}
