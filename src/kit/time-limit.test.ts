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
  it('expires after its limit', async () => {
    const { clock, overAtMs } = limited(1000)
    await clock.advance(5000)
    assert.deepEqual(overAtMs, [1000])
  })

  it('extends the limit by the time the thread was stalled', async () => {
    const { clock, overAtMs } = limited(1000)
    await clock.advance(100)
    clock.stall(300)
    await clock.advance(5000)
    assert.deepEqual(overAtMs, [1300])
  })

  it('extends by at most the limit after a long stall', async () => {
    const { clock, overAtMs } = limited(1000)
    await clock.advance(100)
    clock.stall(11_000)
    await clock.advance(5000)
    assert.deepEqual(overAtMs, [12_100])
  })

  it('extends once, however often the thread stalls', async () => {
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
