import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { timeLimit } from './time-limit.ts'

function limited(limitMs: number) {
  const clock = new VirtualClock()
  const overAtMs: number[] = []
  const timer = timeLimit(limitMs, clock, () => overAtMs.push(clock.now()))
  return { clock, overAtMs, timer }
}

describe('timeLimit', () => {
  it('is over after its time', async () => {
    const { clock, overAtMs } = limited(1000)
    await clock.advance(5000)
    assert.deepEqual(overAtMs, [1000])
  })

  it('gives once more what the thread stood still of it', async () => {
    const { clock, overAtMs } = limited(1000)
    await clock.advance(100)
    clock.stall(300)
    await clock.advance(5000)
    assert.deepEqual(overAtMs, [1300])
  })

  it('gives no more than the limit after a long pause', async () => {
    const { clock, overAtMs } = limited(1000)
    await clock.advance(100)
    clock.stall(11_000)
    await clock.advance(5000)
    assert.deepEqual(overAtMs, [12_100])
  })

  it('gives it once, however often the thread stands still', async () => {
    const { clock, overAtMs } = limited(1000)
    clock.stall(1500)
    await clock.advance(0)
    clock.stall(1500)
    await clock.advance(0)
    assert.deepEqual(overAtMs, [3000])
  })

  it('can be cancelled at any time', async () => {
    const { clock, overAtMs, timer } = limited(1000)
    clock.stall(1500)
    await clock.advance(0)
    timer.cancel()
    timer.cancel()
    await clock.advance(5000)
    assert.deepEqual([overAtMs, clock.pendingCount], [[], 0])
  })
})
