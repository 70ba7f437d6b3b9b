import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { medianInterval } from '../../bench/kit/statistics.ts'

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('medianInterval', () => {
  // Ranks from the table of the binomial distribution: 6 and 15 of 20 cover 95.86 %, 10 and 21 of 30 cover 95.72 %.
  for (const [count, low, median, high] of [
    [20, 6, 10.5, 15],
    [30, 10, 15.5, 21],
    [6, 1, 3.5, 6],
  ] as const) {
    it(`takes ranks ${low} and ${high} of ${count} values`, () => {
      assert.deepEqual(medianInterval(upTo(count).toReversed()), { low, median, high })
    })
  }

  it('spans all values if there are too few for 95 %', () => {
    assert.deepEqual(medianInterval(upTo(4)), { low: 1, median: 2.5, high: 4 })
  })
})
