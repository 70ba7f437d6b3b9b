import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hedgeOptions } from './options.ts'

describe('hedgeOptions', () => {
  it('has the documented defaults', () => {
    const { spacing, first, budget, unsafe } = hedgeOptions.parse({ upstream: 'work' })
    assert.deepEqual({ spacing, first, budget, unsafe }, { spacing: 0, first: 'keep', budget: 0.2, unsafe: 'refuse' })
  })

  for (const [given, quantile] of [
    ['p95', 0.95],
    ['p50', 0.5],
    ['p99.9', 0.999],
  ] as const) {
    it(`reads ${given} as a quantile with bounds and a start value`, () => {
      const { after } = hedgeOptions.parse({ upstream: 'work', after: given })
      assert.ok(typeof after === 'object')
      assert.ok(Math.abs(after.quantile - quantile) < 1e-9)
      assert.deepEqual([after.min, after.max, after.start], [1, 1000, 100])
    })
  }
})
