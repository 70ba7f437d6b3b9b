import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bucketCount, bucketOf } from './buckets.ts'
import { SlidingHistogram } from './sliding-histogram.ts'

describe('SlidingHistogram', () => {
  it('holds exactly the values added within its slices', () => {
    const slices = fc.array(fc.array(fc.double({ min: 0.02, max: 10_000, noNaN: true }), { maxLength: 20 }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(slices, fc.integer({ min: 1, max: 6 }), (added, sliceCount) => {
        const histogram = new SlidingHistogram(sliceCount)
        const minute = new SlidingHistogram(sliceCount)
        for (const [index, slice] of added.entries()) {
          for (const ms of slice) histogram.add(bucketOf(ms), 1)
          histogram.turn(minute)
          const kept = added.slice(Math.max(0, index + 1 - sliceCount), index + 1).flat()
          const expected = new Float64Array(bucketCount)
          for (const ms of kept) expected[bucketOf(ms)] = (expected[bucketOf(ms)] as number) + 1
          assert.equal(histogram.total, kept.length)
          assert.deepEqual(histogram.sum, expected)
        }
        minute.turn()
        assert.equal(minute.total, added.flat().length)
      }),
    )
  })
})
