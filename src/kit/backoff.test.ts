import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fullJitterMs } from './backoff.ts'
import { seededRandom } from './random.ts'

const almostOne = 1 - 2 ** -32

describe('fullJitterMs', () => {
  for (const [retriesBefore, mostMs] of [
    [0, 25],
    [1, 50],
    [2, 100],
    [3, 200],
    [4, 250],
    [60, 250],
    [2000, 250],
  ] as const) {
    it(`draws the wait after ${retriesBefore} retries from 0 to ${mostMs} ms`, () => {
      const options = { baseMs: 25, maxMs: 250 }
      assert.equal(
        fullJitterMs(options, retriesBefore, () => 0),
        0,
      )
      const longest = fullJitterMs(options, retriesBefore, () => almostOne)
      assert.ok(longest < mostMs && longest > mostMs - 1, String(longest))
    })
  }

  it('stays within its bounds and spreads over them', () => {
    const ms = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(ms, ms, fc.nat(100), fc.integer(), (baseMs, maxMs, retriesBefore, seed) => {
        const random = seededRandom(seed)
        const mostMs = Math.min(maxMs, baseMs * 2 ** retriesBefore)
        const waits = Array.from({ length: 200 }, () => fullJitterMs({ baseMs, maxMs }, retriesBefore, random))
        assert.ok(waits.every((wait) => wait >= 0 && wait < mostMs))
        assert.ok(Math.min(...waits) < mostMs / 4 && Math.max(...waits) > (mostMs * 3) / 4)
      }),
    )
  })
})
