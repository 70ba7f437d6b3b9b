import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryAfterMs } from './retry-after.ts'

describe('retryAfterMs', () => {
  for (const [value, ms] of [
    ['0', 0],
    ['2', 2000],
    ['120', 120_000],
    ['999999', 999_999_000],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['10000000', undefined],
    ['soon', undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
  ] as const) {
    it(`reads ${JSON.stringify(value)} as ${ms}`, () => assert.equal(retryAfterMs(['Retry-After', value]), ms))
  }

  it('reads nothing where there is none', () => assert.equal(retryAfterMs(['x-a', '5']), undefined))
})
