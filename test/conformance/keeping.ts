import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { given } from '../kit/results.ts'
import {
  allLegs,
  countsOf,
  found,
  inserted,
  legTo,
  requestWith,
  sequencesOf,
  someDelivery,
  someTime,
  updated,
  usualBytes,
} from './deliveries.ts'
import type { Suite } from './suite.ts'

export function keepingConformance({ name, withStore }: Suite): void {
  describe(`${name}: removeFinished`, () => {
    it(
      'removes deliveries that finished before the given time, but neither pending ones nor dead letters',
      withStore(async (store) => {
        const at = async (state: 'acknowledged' | 'dead' | 'discarded' | 'pending', finishedAt: number | undefined) => {
          const delivery = someDelivery()
          await updated(store, allLegs(await inserted(store, delivery), state, { finishedAt }))
          return delivery.id
        }
        const gone = [await at('acknowledged', someTime - 1), await at('discarded', someTime - 5000)]
        const kept = [
          await at('acknowledged', someTime),
          await at('dead', someTime - 1),
          await at('pending', undefined),
        ]
        assert.equal(given(await store.removeFinished(someTime)), 2)
        for (const id of gone) assert.equal(given(await store.find(id)), undefined)
        for (const id of kept) await found(store, id)
        assert.equal(given(await store.figures()).deliveries, 3)
        assert.equal(given(await store.removeFinished(someTime)), 0)
      }),
    )

    it(
      'frees the idempotency key, and never reuses a sequence',
      withStore(async (store) => {
        const sequence = await inserted(store, someDelivery({ idempotencyKey: 'k' }))
        await updated(store, allLegs(sequence, 'acknowledged'))
        assert.equal(given(await store.removeFinished(someTime + 1)), 1)
        assert.ok((await inserted(store, someDelivery({ idempotencyKey: 'k' }))) > sequence)
      }),
    )

    it(
      'removes any number of deliveries',
      withStore(async (store) => {
        const sequences = await Promise.all(Array.from({ length: 2500 }, () => inserted(store, someDelivery())))
        await Promise.all(sequences.slice(1).map((sequence) => updated(store, allLegs(sequence, 'acknowledged'))))
        assert.equal(given(await store.removeFinished(someTime + 1)), 2499)
        assert.deepEqual(sequencesOf(given(await store.list({ limit: 10 })).deliveries), [sequences[0]])
      }),
    )
  })

  describe(`${name}: limits`, () => {
    // The body, the path, and 1 KiB for each of three legs.
    const largeBytes = 400 + 9 + 3 * 1024
    const limit = 2 * largeBytes + 200
    const large = (change = {}) =>
      someDelivery({ request: requestWith({ headers: [], body: Buffer.alloc(400) }), ...change })

    it(
      'refuses inserts beyond the limit of undelivered bytes, naming limit and setting, until some are delivered',
      withStore(
        async (store) => {
          const sequence = await inserted(store, large())
          await inserted(store, large())
          const refused = await store.insert(large())
          assert.ok(refused.kind === 'refused')
          assert.equal(refused.failure.code, 'STORE_FULL')
          assert.match(
            refused.failure.detail,
            new RegExp(`${2 * largeBytes} bytes.*${largeBytes}.*${limit} bytes \\(store\\.maxUndelivered\\)`),
          )
          await updated(store, allLegs(sequence, 'dead'))
          await inserted(store, large())
        },
        { maxUndeliveredBytes: limit },
      ),
    )

    it(
      'counts concurrent inserts',
      withStore(
        async (store) => {
          const results = await Promise.all(Array.from({ length: 5 }, () => store.insert(large())))
          assert.deepEqual(
            results.map(({ kind }) => kind),
            ['inserted', 'inserted', 'refused', 'refused', 'refused'],
          )
          assert.equal(given(await store.figures()).undeliveredBytes, 2 * largeBytes)
        },
        { maxUndeliveredBytes: limit },
      ),
    )

    it(
      'returns the delivery with the same key even when full, and accepts every update',
      withStore(
        async (store) => {
          const first = await inserted(store, large({ idempotencyKey: 'k' }))
          const second = await inserted(store, large())
          assert.equal((await store.insert(large({ idempotencyKey: 'k' }))).kind, 'existing')
          assert.equal((await store.insert(large({ idempotencyKey: 'l' }))).kind, 'refused')
          await updated(store, allLegs(first, 'dead'))
          await inserted(store, large())
          await updated(store, allLegs(first, 'pending'))
          await updated(store, allLegs(second, 'pending'))
          assert.equal(given(await store.figures()).undeliveredBytes, 3 * largeBytes)
        },
        { maxUndeliveredBytes: limit },
      ),
    )
  })

  describe(`${name}: figures`, () => {
    it(
      'count the stored deliveries',
      withStore(async (store) => {
        const empty = { deliveries: 0, pendingLegs: 0, deadLegs: 0, undeliveredBytes: 0 }
        const { syncs, writes } = given(await store.figures())
        assert.deepEqual(await countsOf(store), empty)
        const sequences = [await inserted(store, someDelivery()), await inserted(store, someDelivery())] as const
        const legs = [legTo('server1', 'dead'), legTo('server2', 'dead'), legTo('server3')]
        await updated(store, allLegs(sequences[0], 'pending', { legs }))
        const after = given(await store.figures())
        assert.deepEqual(
          { ...after, syncs: 0, writes: after.writes - writes },
          {
            deliveries: 2,
            pendingLegs: 4,
            deadLegs: 2,
            undeliveredBytes: 2 * usualBytes,
            syncs: 0,
            writes: 3,
          },
        )
        assert.ok(after.syncs >= syncs)
        await updated(store, allLegs(sequences[0], 'discarded'))
        await updated(store, allLegs(sequences[1], 'acknowledged'))
        assert.equal(given(await store.removeFinished(someTime + 1)), 2)
        assert.deepEqual(await countsOf(store), empty)
      }),
    )
  })
}
