import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Random, seededRandom, systemRandom } from './random.ts'

function take(random: Random, count: number): readonly number[] {
  return Array.from({ length: count }, random)
}

describe('seededRandom', () => {
  it('repeats its sequence from the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        assert.deepEqual(take(seededRandom(seed), 20), take(seededRandom(seed), 20))
      }),
    )
  })

  it('returns numbers in [0, 1) for any seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        for (const value of take(seededRandom(seed), 100)) assert.ok(value >= 0 && value < 1, String(value))
      }),
    )
  })

  it('is uniform over twentieths of the range, whatever the seed', () => {
    for (const seed of [0, 1, 2, 42, -1, 2 ** 31 - 1]) {
      const counts = Array.from({ length: 20 }, () => 0)
      for (const value of take(seededRandom(seed), 100_000)) {
        const bin = Math.floor(value * 20)
        counts[bin] = (counts[bin] as number) + 1
      }
      // Chi-squared with 19 degrees of freedom exceeds 43.8 once in a thousand; these seeds are fixed.
      const chiSquared = counts.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0)
      assert.ok(chiSquared < 43.8, `seed ${seed}: ${chiSquared}`)
    }
  })

  it('shows no correlation between neighbouring seeds or successive numbers', () => {
    const n = 20_000
    const correlation = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, i) => sum + (value - 0.5) * ((b[i] as number) - 0.5), 0) / (n / 12)
    const values = take(seededRandom(7), n + 1)
    assert.ok(Math.abs(correlation(values.slice(0, n), take(seededRandom(8), n))) < 0.03)
    assert.ok(Math.abs(correlation(values.slice(0, n), values.slice(1))) < 0.03)
    const firsts = Array.from({ length: n }, (_, seed) => seededRandom(seed)())
    const nexts = Array.from({ length: n }, (_, seed) => seededRandom(seed + 1)())
    assert.ok(Math.abs(correlation(firsts, nexts)) < 0.03)
  })
})

describe('systemRandom', () => {
  it('returns different numbers in [0, 1)', () => {
    const values = take(systemRandom, 100)
    assert.ok(values.every((value) => value >= 0 && value < 1))
    assert.ok(new Set(values).size > 90)
  })
})
