import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../kit/random.ts'
import { Gcra, type GcraRules, unused } from './gcra.ts'

/** Reference: one bucket that is filled drop by drop, in unbounded numbers. */
class NaiveBucket {
  readonly #rules: GcraRules
  readonly #tickMs: number
  #level: number
  #atTick = 0

  constructor(rules: GcraRules, tickMs: number) {
    this.#rules = rules
    this.#tickMs = tickMs
    this.#level = rules.burst
  }

  take(nowMs: number): boolean {
    const { limit, perMs, burst } = this.#rules
    const tick = Math.floor(nowMs / this.#tickMs)
    this.#level = Math.min(burst, this.#level + ((tick - this.#atTick) * this.#tickMs * limit) / perMs)
    this.#atTick = tick
    if (this.#level < 1 - 1e-6) return false
    this.#level -= 1
    return true
  }
}

const rulesOf = (change: Partial<GcraRules> = {}): GcraRules => ({ limit: 10, perMs: 1000, burst: 3, ...change })

function takeAll(rules: GcraRules, times: readonly number[]): readonly boolean[] {
  const gcra = new Gcra(rules)
  let state = unused
  return times.map((ms) => {
    const verdict = gcra.judge(state, gcra.ticksAt(ms))
    state = verdict.state
    return verdict.isAdmitted
  })
}

describe('gcra', () => {
  it('admits the burst at once, then one call each interval', () => {
    assert.deepEqual(takeAll(rulesOf(), [5000, 5000, 5000, 5000, 5099.9, 5100, 5100, 5201]), [
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ])
  })

  it('reports the wait, the remaining calls, and when the burst is full again', () => {
    const gcra = new Gcra(rulesOf())
    const now = gcra.ticksAt(7000)
    const first = gcra.judge(unused, now)
    assert.deepEqual([first.remaining, first.waitMs, first.fullMs], [2, 0, 100])
    const last = gcra.judge(gcra.judge(first.state, now).state, now)
    assert.deepEqual([last.remaining, Math.round(last.waitMs), Math.round(last.fullMs)], [0, 100, 300])
    const refused = gcra.judge(last.state, gcra.ticksAt(7040))
    assert.deepEqual([refused.isAdmitted, refused.remaining, Math.round(refused.waitMs)], [false, 0, 60])
  })

  it('admits the same calls as a bucket filled drop by drop, across wraparounds', () => {
    const rules = fc.record({
      limit: fc.integer({ min: 1, max: 100_000 }),
      perMs: fc.constantFrom(1, 100, 1000, 60_000, 3_600_000),
      burst: fc.integer({ min: 1, max: 500 }),
    })
    // In intervals; short compared to a turn of 2^32 ticks.
    const gaps = fc.array(fc.double({ min: 0, max: 8, noNaN: true }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(rules, gaps, fc.double({ min: 0, max: 1e9, noNaN: true }), (given, steps, startMs) => {
        const intervalMs = given.perMs / given.limit
        const gcra = new Gcra(given)
        const naive = new NaiveBucket(given, gcra.tickMs)
        let nowMs = startMs
        let state = unused
        for (const step of steps) {
          nowMs += step * intervalMs
          const verdict = gcra.judge(state, gcra.ticksAt(nowMs))
          state = verdict.state
          assert.equal(verdict.isAdmitted, naive.take(nowMs))
        }
      }),
    )
  })

  it("does not forget used burst if another thread's clock is slightly ahead", () => {
    const gcra = new Gcra(rulesOf({ burst: 1 }))
    const { state } = gcra.judge(unused, gcra.ticksAt(1000.01))
    assert.equal(gcra.judge(state, gcra.ticksAt(1000)).isAdmitted, false)
  })

  for (const [limit, perMs, burst] of [
    [1_000_000, 1, 1],
    [1_000_000, 1, 1000],
    [1_000_000, 1, 1_000_000],
    [100_000, 1, 1],
    [1_000_000, 1000, 1],
    [1000, 1, 1],
    [1, 1, 1],
  ] as const) {
    it(`never refuses ten calls a second where ${limit} in ${perMs} ms are allowed, ${burst} at once`, () => {
      const random = seededRandom(3)
      const steps = Array.from({ length: 20_000 }, () => 50 + random() * 100)
      let atMs = 47_000_000
      const admitted = takeAll(
        rulesOf({ limit, perMs, burst }),
        steps.map((step) => (atMs += step)),
      )
      assert.equal(admitted.filter((one) => !one).length, 0)
    })

    it(`rarely misreads hours of idleness where ${limit} in ${perMs} ms are allowed, ${burst} at once`, () => {
      const random = seededRandom(4)
      const gcra = new Gcra({ limit, perMs, burst })
      let refused = 0
      for (let i = 0; i < 20_000; i++) {
        const { state } = gcra.judge(unused, gcra.ticksAt(random() * 1e6))
        if (!gcra.judge(state, gcra.ticksAt(1e6 + random() * 1e8)).isAdmitted) refused++
      }
      assert.ok(refused <= 20_000 / 200, `${refused} of 20000`)
    })
  }

  it('is full again after a long idle period', () => {
    const gcra = new Gcra(rulesOf())
    const { state } = gcra.judge(unused, gcra.ticksAt(0))
    for (const ms of [400, 60_000, 3_000_000]) assert.ok(gcra.isFull(state, gcra.ticksAt(ms)), `${ms}`)
  })
})
