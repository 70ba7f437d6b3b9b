import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Schedule } from './schedule.ts'

const aRate = fc.double({ min: 0.1, max: 100_000, noNaN: true })

describe('a schedule', () => {
  it('has exactly rate times duration requests', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.nat(1000),
        (rate, seconds, beginMs) => {
          const schedule = new Schedule(beginMs, rate)
          schedule.end(beginMs + seconds * 1000)
          assert.equal(schedule.countAt(Number.POSITIVE_INFINITY), rate * seconds)
          assert.equal(schedule.countAt(beginMs + seconds * 1000), rate * seconds)
        },
      ),
    )
  })

  it('is consistent: a request has become due from its instant on, and not before', () => {
    fc.assert(
      fc.property(aRate, fc.nat(100_000), (rate, number) => {
        const schedule = new Schedule(0, rate)
        const dueMs = schedule.dueMs(number)
        assert.ok(schedule.countAt(dueMs) >= number + 1)
        assert.ok(schedule.countAt(dueMs - 500 / rate) <= number)
      }),
    )
  })

  it('keeps the instants of requests that were due before the rate changed', () => {
    const schedule = new Schedule(0, 10)
    schedule.setRate(1000, 250)
    assert.deepEqual(
      [0, 1, 2].map((number) => schedule.dueMs(number)),
      [0, 100, 200],
    )
    assert.deepEqual([schedule.dueMs(3), schedule.dueMs(4)], [250, 251])
    assert.equal(schedule.countAt(252), 6)
  })

  it('never goes back, whatever the rates', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(aRate, fc.integer({ min: 0, max: 500 })), { minLength: 1, maxLength: 10 }),
        (changes) => {
          const schedule = new Schedule(0, 50)
          let nowMs = 0
          let before = schedule.countAt(0)
          for (const [rate, afterMs] of changes) {
            nowMs += afterMs
            schedule.setRate(rate, nowMs)
            const count = schedule.countAt(nowMs + 10)
            assert.ok(count >= before)
            before = schedule.countAt(nowMs)
          }
        },
      ),
    )
  })
})
