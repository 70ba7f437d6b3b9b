import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import { allLegs, inserted, requestWith, someDelivery, updated } from '../conformance/deliveries.ts'
import { given } from '../kit/results.ts'
import { folderFor, storeAt } from './place.ts'

async function costOf(store: DeliveryStore, work: () => Promise<unknown>): Promise<{ syncs: number; writes: number }> {
  const before = given(await store.figures())
  await work()
  const after = given(await store.figures())
  return { syncs: after.syncs - before.syncs, writes: after.writes - before.writes }
}

describe('group commit', () => {
  it('syncs once for all changes of one turn of the event loop', async (t) => {
    const store = await storeAt(t, join(folderFor(t), 'store.db'))
    const insert = () => inserted(store, someDelivery())
    assert.deepEqual(await costOf(store, () => Promise.all(Array.from({ length: 500 }, insert))), {
      syncs: 1,
      writes: 500,
    })
  })

  it('syncs once for all changes that arrive while a batch is in flight', async (t) => {
    const store = await storeAt(t, join(folderFor(t), 'store.db'))
    const work = async (): Promise<void> => {
      const first = inserted(store, someDelivery())
      // The batch has been sent by now, and cannot have been answered.
      await new Promise((resolve) => setImmediate(resolve))
      await Promise.all([first, ...Array.from({ length: 300 }, () => inserted(store, someDelivery()))])
    }
    assert.deepEqual(await costOf(store, work), { syncs: 2, writes: 301 })
  })

  it('writes several waiting updates of one delivery once', async (t) => {
    const store = await storeAt(t, join(folderFor(t), 'store.db'))
    const sequence = await inserted(store, someDelivery())
    const update = () => updated(store, allLegs(sequence, 'pending'))
    assert.deepEqual(await costOf(store, () => Promise.all([update(), update(), update()])), { syncs: 1, writes: 1 })
  })

  it('splits a message that would be too large into several batches', async (t) => {
    const store = await storeAt(t, join(folderFor(t), 'store.db'))
    const large = () => inserted(store, someDelivery({ request: requestWith({ body: Buffer.alloc(6_000_000) }) }))
    assert.deepEqual(await costOf(store, () => Promise.all(Array.from({ length: 7 }, large))), { syncs: 3, writes: 7 })
  })

  it('does not sync for reads', async (t) => {
    const store = await storeAt(t, join(folderFor(t), 'store.db'))
    const ask = async () => [await store.find('x'), await store.list({ limit: 1 }), await store.removeFinished(1)]
    assert.deepEqual(await costOf(store, ask), { syncs: 0, writes: 0 })
  })
})
