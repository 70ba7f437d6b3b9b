import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TurnableRotation } from '../../../test/conformance/balancer.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { slowStart } from './slow-start.ts'

const windowMs = 10_000

function opened(weights: Readonly<Record<string, number>>, clock = new VirtualClock(), memory = new SharedMemory()) {
  const base = new TurnableRotation(weights)
  return { clock, memory, base, rotation: slowStart(base, windowMs, clock, memory) }
}

describe('slow start', () => {
  it('slows no target when all are new', () => {
    const { rotation } = opened({ a: 1, b: 1 })
    assert.deepEqual([rotation.factor(0), rotation.factor(1)], [1, 1])
  })

  it('gives a returning target a tenth, and its full share after the window', async () => {
    const { clock, base, rotation } = opened({ a: 1, b: 1 })
    await clock.advance(60_000)
    base.takeOut('b')
    assert.equal(rotation.version > 0 && rotation.isAvailable(1), false)
    await clock.advance(30_000)
    base.bringBack('b')
    const { version } = rotation
    const factors: number[] = []
    for (let step = 0; step <= 4; step++) {
      factors.push(rotation.factor(1))
      await clock.advance(windowMs / 4)
      assert.ok(step > 3 || rotation.version > version + step)
    }
    assert.deepEqual(factors, [0.1, 0.25, 0.5, 0.75, 1])
    assert.equal(rotation.factor(0), 1)
  })

  it('keeps the version when no target is ramping up', async () => {
    const { clock, rotation } = opened({ a: 1, b: 1 })
    const { version } = rotation
    await clock.advance(100_000)
    assert.equal(rotation.version, version)
  })

  it('restarts for a target that leaves again', async () => {
    const { clock, base, rotation } = opened({ a: 1, b: 1 })
    for (let time = 0; time < 3; time++) {
      await clock.advance(8000)
      base.takeOut('b')
      void rotation.version
      await clock.advance(100)
      base.bringBack('b')
      void rotation.version
      assert.equal(rotation.factor(1), 0.1)
    }
  })

  it('slows a target that a reload adds, but not the existing ones', async () => {
    const { clock, memory } = opened({ a: 1, b: 1 })
    await clock.advance(60_000)
    const { rotation } = opened({ b: 1, added: 1 }, clock, memory)
    assert.deepEqual([rotation.factor(0), rotation.factor(1)], [1, 0.1])
  })

  it('is shared by all workers, including one that starts later', async () => {
    const clock = new VirtualClock()
    const first = new SharedMemory({ slot: 0, slots: 2 })
    const one = opened({ a: 1, b: 1 }, clock, first)
    await clock.advance(60_000)
    one.base.takeOut('b')
    void one.rotation.version
    await clock.advance(1000)
    one.base.bringBack('b')
    void one.rotation.version
    const second = new SharedMemory({ slot: 1, slots: 2, regions: first.regions() })
    const two = opened({ a: 1, b: 1 }, clock, second)
    await clock.advance(5000)
    assert.deepEqual([one.rotation.factor(1), two.rotation.factor(1)], [0.5, 0.5])
  })

  it('reaches a worker that had no call while the target was away', async () => {
    const clock = new VirtualClock()
    const first = new SharedMemory({ slot: 0, slots: 2 })
    const one = opened({ a: 1, b: 1 }, clock, first)
    const second = new SharedMemory({ slot: 1, slots: 2, regions: first.regions() })
    const quiet = opened({ a: 1, b: 1 }, clock, second)
    await clock.advance(60_000)
    const { version } = quiet.rotation
    one.base.takeOut('b')
    void one.rotation.version
    await clock.advance(1000)
    one.base.bringBack('b')
    void one.rotation.version
    // Balancers read a factor only when the version changes.
    assert.notEqual(quiet.rotation.version, version)
    assert.equal(quiet.rotation.factor(1), 0.1)
    await clock.advance(windowMs / 2)
    const later = quiet.rotation.version
    await clock.advance(windowMs / 4)
    assert.notEqual(quiet.rotation.version, later)
  })

  it('applies the factor of the rotation below it', () => {
    const { base, rotation } = opened({ a: 1, b: 1 })
    base.slow('a', 0.3)
    assert.equal(rotation.factor(0), 0.3)
  })
})
