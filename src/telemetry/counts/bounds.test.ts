import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bucketOf, defaultBoundsMs } from './bounds.ts'

const bounds = Float64Array.from(defaultBoundsMs)

describe('bucketOf', () => {
  it('counts a value equal to a bound below it, as Prometheus does', () => {
    assert.deepEqual(
      [0, 1, 1.001, 250, 30_000, 30_001].map((value) => bucketOf(bounds, value)),
      [0, 0, 1, 7, 13, 14],
    )
  })

  it('finds the same bucket as a linear search', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { maxLength: 40 }),
        fc.double({ noNaN: true }),
        (some, value) => {
          const sorted = Float64Array.from(some).sort()
          const index = sorted.findIndex((bound) => value <= bound)
          assert.equal(bucketOf(sorted, value), index < 0 ? sorted.length : index)
        },
      ),
    )
  })
})
