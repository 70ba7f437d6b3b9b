import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf } from '../../test/kit/calls.ts'
import { given } from '../../test/kit/results.ts'
import { failure } from '../core/failure.ts'
import { joinBytes } from './join-bytes.ts'
import { Scope } from './scope.ts'

describe('joinBytes', () => {
  it('joins parts of any size, small ones synchronously', async () => {
    for (const sizes of [
      [],
      [0],
      [1, 0, 2],
      [70_000, 0, 1, 400_000],
      [65_536, 65_536, 262_144],
      Array(300_000).fill(1),
    ]) {
      const parts = sizes.map((size: number, index) => Buffer.alloc(size, index + 1))
      const joined = joinBytes(parts, new Scope())
      assert.equal(joined instanceof Promise, Buffer.concat(parts).length > 262_144)
      assert.deepEqual(given(await joined), Buffer.concat(parts))
    }
  })

  it('stops immediately when the scope is aborted', async () => {
    const scope = new Scope()
    const joined = joinBytes([Buffer.alloc(1_000_000)], scope)
    const reason = failure('CLIENT_GONE', 'gone')
    scope.onAbort(reason)
    assert.equal(failureOf(await joined), reason)
  })
})
