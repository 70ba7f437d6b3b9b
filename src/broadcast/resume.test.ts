import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bad, good, scene, sentTo } from '../../test/kit/broadcast-scene.ts'
import type { Script } from '../../test/kit/fake-upstream.ts'
import { resume } from '../../test/kit/resume.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { memoryStore } from '../store/memory-store.ts'

const sixHoursMs = 6 * 3_600_000
const one = { names: ['a'] }
const quick = { backoff: { base: '500ms', max: '500ms', jitter: '0ms' } }

function emptyStore(): DeliveryStore {
  return memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
}

/** A write is refused at +6 h, and the next run starts with its clock at +0. */
async function refusedSixHoursAhead(refusal: Script): Promise<DeliveryStore> {
  const store = emptyStore()
  const { clock, write, deliveries } = scene(() => refusal, quick, store, one)
  await clock.advance(sixHoursMs)
  write()
  await clock.advance(20)
  await Promise.all([deliveries.stop(0), clock.advance(1)])
  return store
}

describe('a delivery of an earlier run', () => {
  it('waits no longer than planned when the clock was set back', async () => {
    const store = await refusedSixHoursAhead(bad)
    const { clock, deliveries, upstream } = scene(() => good, quick, store, one)
    await resume(deliveries, store)
    await clock.advance(600)
    assert.deepEqual(sentTo(upstream, 'a'), [500])
    assert.equal(deliveries.pendingCount, 0)
  })

  it('keeps the wait that its target asked for when the clock was set back', async () => {
    const store = await refusedSixHoursAhead({ ...bad, retryAfterMs: 120_000 })
    const { clock, deliveries, upstream } = scene(() => good, quick, store, one)
    await resume(deliveries, store)
    await clock.advance(121_000)
    assert.deepEqual(sentTo(upstream, 'a'), [120_000])
  })
})
