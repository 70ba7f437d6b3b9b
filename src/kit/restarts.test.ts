import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { Restarts } from './restarts.ts'

function scene() {
  const clock = new VirtualClock()
  const restartedMs: number[] = []
  const restarts = new Restarts(clock, () => restartedMs.push(clock.now()))
  return { clock, restarts, restartedMs }
}

describe('Restarts', () => {
  it('come at once after a first death, and later while deaths repeat', async () => {
    const { clock, restarts, restartedMs } = scene()
    for (let death = 0; death < 3; death++) {
      restarts.afterDeath(1)
      await clock.advance(1000)
    }
    assert.deepEqual(restartedMs, [0, 1100, 2200])
  })

  it('come at once again after a thread that had run for long', async () => {
    const { clock, restarts, restartedMs } = scene()
    for (const ranMs of [1, 1, 5000]) {
      restarts.afterDeath(ranMs)
      await clock.advance(1000)
    }
    assert.deepEqual(restartedMs, [0, 1100, 2000])
  })

  it('come after delays that double up to 10 s while starts fail', () => {
    const { restarts } = scene()
    const delaysMs = Array.from({ length: 9 }, () => restarts.afterFailure())
    assert.deepEqual(delaysMs, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  })

  it('do not come once stopped', async () => {
    const { clock, restarts, restartedMs } = scene()
    restarts.afterFailure()
    restarts.stop()
    await clock.advance(20_000)
    assert.deepEqual(restartedMs, [])
  })
})
