import assert from 'node:assert/strict'
import type { Result } from '../../src/core/result.ts'

/** The value of a result that must not be a failure. */
export function given<Value>(result: Result<Value>): Value {
  if (result.ok) return result.value
  const { code, detail, cause } = result.failure
  return assert.fail(`${code}: ${detail} ${String(cause)}`)
}
