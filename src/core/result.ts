import type { Failed } from './outcome.ts'

export interface Ok<Value> {
  readonly ok: true
  readonly value: Value
}

/**
 * Result of an operation that may fail for an expected reason. `ok` makes a good one, `failed` of `outcome.ts` the other.
 * `undefined` in a value means only "there is none".
 */
export type Result<Value> = Ok<Value> | Failed

export function ok<Value>(value: Value): Ok<Value> {
  return { ok: true, value }
}

/** The result of an operation that has nothing to return. */
export const done: Result<undefined> = ok(undefined)
