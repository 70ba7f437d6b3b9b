import type { Failed } from './outcome.ts'

export interface Ok<Value> {
  readonly ok: true
  readonly value: Value
}

/**
 * What an operation came to that may fail for an expected reason. The counterpart of `failed` in `outcome.ts` is `ok`
 * here. `undefined` in a value means only "there is none".
 */
export type Result<Value> = Ok<Value> | Failed

export function ok<Value>(value: Value): Ok<Value> {
  return { ok: true, value }
}

/** The result of an operation that has nothing to return. */
export const done: Result<undefined> = ok(undefined)
