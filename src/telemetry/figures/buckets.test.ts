import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bucketCount, bucketOf, middleMs, quantileMs } from './buckets.ts'

const durations = fc.double({ min: 0.016, max: 4_000_000, noNaN: true })

function exact(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(share * sorted.length - 1e-9)) - 1] as number
}

describe('buckets', () => {
  it('represent each duration with an error of at most 3.2 %', () => {
    fc.assert(
      fc.property(durations, (ms) => {
        assert.ok(Math.abs(middleMs(bucketOf(ms)) - ms) / ms <= 0.032)
      }),
      { numRuns: 2000 },
    )
  })

  it('increase with the duration', () => {
    fc.assert(fc.property(durations, durations, (a, b) => (a <= b ? bucketOf(a) <= bucketOf(b) : true)))
    for (let bucket = 1; bucket < bucketCount; bucket++) {
      assert.equal(bucketOf(middleMs(bucket)), bucket)
      assert.ok(middleMs(bucket) > middleMs(bucket - 1))
    }
  })

  it('clamp values outside their range', () => {
    for (const ms of [0, -0, -1, -1e9, 1e-9, Number.NaN, Number.NEGATIVE_INFINITY]) assert.equal(bucketOf(ms), 0)
    for (const ms of [1e12, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) assert.equal(bucketOf(ms), bucketCount - 1)
  })

  it('give quantiles within 5 % of the exact ones', () => {
    fc.assert(
      fc.property(
        fc.array(durations, { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.9, 0.99),
        (all, share) => {
          const counts = new Float64Array(bucketCount)
          for (const ms of all) counts[bucketOf(ms)] = (counts[bucketOf(ms)] as number) + 1
          const right = exact(all, share)
          const told = quantileMs(counts, all.length, share) as number
          assert.ok(Math.abs(told - right) / right <= 0.05, `${told} for ${right}`)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('have no quantile without durations', () => {
    assert.equal(quantileMs(new Float64Array(bucketCount), 0, 0.5), undefined)
  })
})
