import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { AdaptiveLimit } from './adaptive-limit.ts'

const rules = { min: 20, max: 200, tolerance: 1.5, start: 20 }

function twoWorkers() {
  const clock = new VirtualClock()
  const memory = new SharedMemory({ slot: 0, slots: 2 })
  const one = new AdaptiveLimit(rules, memory, clock)
  const two = new AdaptiveLimit(rules, new SharedMemory({ slot: 1, slots: 2, regions: memory.regions() }), clock)
  /** Several windows in which the limit is fully used; both workers end calls. */
  const windows = async (count: number, tookMs: number) => {
    for (let i = 0; i < count; i++) {
      await clock.advance(100)
      one.began(one.value())
      for (let call = 0; call < 20; call++) (call % 2 === 0 ? one : two).ended(tookMs, false)
    }
  }
  return { clock, one, two, windows }
}

describe('the adaptive limit', () => {
  it('starts at its minimum, and grows while calls take no longer', async () => {
    const { one, two, windows } = twoWorkers()
    assert.equal(one.value(), 20)
    await windows(100, 50)
    assert.ok(one.value() > 80, `${one.value()}`)
    assert.equal(one.value(), two.value())
    await windows(500, 50)
    assert.equal(one.value(), 200)
  })

  it('shrinks when calls take longer, and grows again afterwards', async () => {
    const { one, windows } = twoWorkers()
    await windows(400, 50)
    await windows(50, 250)
    const least = one.value()
    assert.ok(least < 60, `${least}`)
    await windows(50, 50)
    assert.ok(one.value() > least + 30, `${least} to ${one.value()}`)
  })

  for (const [calls, stallMs] of [
    [150, 11_000],
    [150, 19_500],
    [5000, 60_000],
    [12, 3_600_000],
  ] as const) {
    it(`recovers soon after a stall of ${stallMs} ms with ${calls} calls in flight`, async () => {
      const { clock, one, two, windows } = twoWorkers()
      await windows(400, 40)
      const before = one.value()
      await clock.advance(stallMs)
      for (let call = 0; call < calls; call++) (call % 2 === 0 ? one : two).ended(stallMs, false)
      const seen: number[] = []
      for (let second = 0; second < 20; second++) {
        await windows(10, 40)
        seen.push(one.value())
      }
      assert.ok(Math.min(...seen) >= before * 0.8 && (seen.at(-1) ?? 0) >= before, `${before} to ${seen.join(' ')}`)
    })
  }

  it('changes once per window, whichever worker ends it, and only with enough samples', async () => {
    const { clock, one, two } = twoWorkers()
    one.began(20)
    await clock.advance(100)
    for (let call = 0; call < 9; call++) one.ended(50, false)
    assert.equal(one.value(), 20)
    for (let call = 0; call < 500; call++) (call % 2 === 0 ? one : two).ended(50, false)
    one.began(20)
    for (let call = 0; call < 500; call++) two.ended(50, false)
    // One increase of 0.8.
    await clock.advance(100)
    for (let call = 0; call < 10; call++) two.ended(50, false)
    assert.equal(one.value(), 21)
  })

  it('still follows the calls after weeks without any', async () => {
    const { clock, one, windows } = twoWorkers()
    await clock.advance(30 * 86_400_000)
    await windows(20, 50)
    assert.ok(one.value() > 20, `${one.value()}`)
  })

  it('backs off when targets report overload', async () => {
    const { clock, one, windows } = twoWorkers()
    await windows(200, 50)
    const before = one.value()
    for (let call = 0; call < 10; call++) one.ended(1, true)
    await clock.advance(100)
    one.ended(1, true)
    assert.ok(Math.abs(one.value() - before * 0.9) <= 1, `${before} to ${one.value()}`)
  })
})
