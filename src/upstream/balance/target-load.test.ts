import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { attemptOutcomes } from '../../core/attempt.ts'
import { clearSlot, SharedMemory } from '../../kit/shared-memory.ts'
import { TargetLoad } from './target-load.ts'

const [a, b] = [targetOf('a'), targetOf('b')]

function opened(memory = new SharedMemory()) {
  const clock = new VirtualClock()
  const load = new TargetLoad([a, b], clock, memory)
  const note = (tookMs: number, outcome: (typeof attemptOutcomes)[number]): void => {
    load.started(a)
    load.answered(a, tookMs, outcome)
    load.ended(a)
  }
  return { clock, load, note }
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-6 * Math.max(1, expected), `${actual} is not ${expected}`)

describe('the load of a target', () => {
  it('starts at 30 ms, then equals the latency of the first answer', () => {
    const { load, note } = opened()
    assert.equal(load.ewmaMs(0), 30)
    note(4, 'success')
    near(load.ewmaMs(0), 4)
    assert.equal(load.ewmaMs(1), 30)
  })

  it('is known from the first answer on, whatever the outcome', () => {
    for (const outcome of attemptOutcomes) {
      const { load, note } = opened()
      assert.equal(load.isKnown(0), false)
      note(4, outcome)
      assert.equal(load.isKnown(0), true)
    }
  })

  it('does not count as failing when the gateway ran out of descriptors', () => {
    const { load, note } = opened()
    note(4, 'success')
    for (let i = 0; i < 100; i++) note(0, 'gateway_exhausted')
    assert.equal(load.failing(0), 0)
    near(load.ewmaMs(0), 4)
  })

  it('fades while a target is unknown, so that it is tried beside faster ones', async () => {
    const { clock, load, note } = opened()
    note(4, 'success')
    await clock.advance(10_000)
    near(load.ewmaMs(1), 30 / Math.E)
    for (let i = 0; i < 12; i++) {
      note(4, 'success')
      await clock.advance(1000)
    }
    assert.ok(load.ewmaMs(1) < load.ewmaMs(0), `${load.ewmaMs(1)} and ${load.ewmaMs(0)}`)
  })

  it('rises at once and decays over ten seconds', async () => {
    const { clock, load, note } = opened()
    note(10, 'success')
    note(200, 'success')
    near(load.ewmaMs(0), 200)
    await clock.advance(10_000)
    near(load.ewmaMs(0), 200 / Math.E)
    note(10, 'success')
    near(load.ewmaMs(0), 200 / Math.E + 10 * (1 - 1 / Math.E))
  })

  for (const outcome of ['server_error', 'refused', 'reset', 'timeout', 'rate_limited', 'invalid'] as const) {
    it(`counts ${outcome} as ten times slower than a good answer, however fast it came`, () => {
      const { load, note } = opened()
      note(10, 'success')
      note(0.2, outcome)
      near(load.ewmaMs(0), 100)
      assert.ok(load.isFailing(0))
    })
  }

  it('measures the first failure against the initial latency', () => {
    const { load, note } = opened()
    note(1, 'refused')
    near(load.ewmaMs(0), 300)
  })

  it('counts a slower failure at its own duration', () => {
    const { load, note } = opened()
    note(10, 'success')
    note(5000, 'timeout')
    near(load.ewmaMs(0), 5000)
  })

  for (const outcome of ['cancelled', 'client_error'] as const) {
    it(`lets ${outcome} raise the latency but not lower it`, () => {
      const { load, note } = opened()
      note(10, 'success')
      note(1, outcome)
      near(load.ewmaMs(0), 10)
      note(50, outcome)
      near(load.ewmaMs(0), 50)
      assert.equal(load.failing(0), 0)
    })
  }

  it('counts failures as in flight for a while, until good answers or time forgive them', async () => {
    const { clock, load, note } = opened()
    note(10, 'success')
    assert.equal(load.burden(0), 0)
    for (let i = 0; i < 20; i++) note(1, 'server_error')
    assert.ok(load.burden(0) > 50, String(load.burden(0)))
    for (let i = 0; i < 30; i++) note(10, 'success')
    assert.ok(load.burden(0) < 1)
    note(1, 'server_error')
    assert.ok(load.burden(0) > 1)
    await clock.advance(20_000)
    assert.equal(load.isFailing(0), false)
    assert.equal(load.burden(0), 0)
  })

  it('is shared by all workers, without the attempts in flight of a dead one', () => {
    const first = new SharedMemory({ slot: 0, slots: 2 })
    const one = opened(first)
    const two = opened(new SharedMemory({ slot: 1, slots: 2, regions: first.regions() }))
    one.load.started(a)
    two.load.started(a)
    two.load.started(a)
    assert.deepEqual([one.load.inFlight(0), two.load.inFlight(0)], [3, 3])
    two.note(70, 'success')
    near(one.load.ewmaMs(0), 70)
    clearSlot(first.regions(), 1, 2)
    assert.equal(one.load.inFlight(0), 1)
  })

  it('is kept by target name, whatever the other targets', () => {
    const memory = new SharedMemory()
    const { load } = opened(memory)
    load.started(b)
    load.answered(b, 90, 'success')
    load.ended(b)
    load.started(b)
    const later = new TargetLoad([b], new VirtualClock(), memory)
    near(later.ewmaMs(0), 90)
    assert.equal(later.inFlight(0), 1)
  })

  it('keeps a latency above zero and at most ten times the longest, and leaves nothing in flight', () => {
    const step = fc.record({
      tookMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
      outcome: fc.constantFrom(undefined, ...attemptOutcomes),
      waitMs: fc.double({ min: 0, max: 20_000, noNaN: true }),
    })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, load } = opened()
      for (const { tookMs, outcome, waitMs } of steps) {
        load.started(a)
        assert.equal(load.inFlight(0), 1)
        load.answered(a, tookMs, outcome)
        load.ended(a)
        await clock.advance(waitMs)
        assert.ok(load.ewmaMs(0) > 0 && load.ewmaMs(0) <= 100_000)
        assert.ok(load.failing(0) >= 0 && load.failing(0) <= 1)
        assert.ok(Number.isFinite(load.burden(0)) && Number.isFinite(load.expectedMs(0)))
      }
      assert.equal(load.inFlight(0), 0)
    })
    return fc.assert(property, { numRuns: 50 })
  })
})
