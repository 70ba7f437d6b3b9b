import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { given } from '../kit/results.ts'
import { allLegs, countsOf, found, inserted, legTo, plain, someDelivery, updated, usualBytes } from './deliveries.ts'
import type { Suite } from './suite.ts'

export function updatingConformance({ name, withStore }: Suite): void {
  describe(`${name}: update`, () => {
    it(
      'replaces legs and end, and keeps an existing answer',
      withStore(async (store) => {
        const delivery = someDelivery()
        const sequence = await inserted(store, delivery)
        const answer = { status: 201, headers: [], body: new Uint8Array(0) }
        const legs = [
          legTo('server1', 'acknowledged', { attempts: 1, status: 201 }),
          legTo('server2'),
          legTo('server3'),
        ]
        await updated(store, { sequence, legs, finishedAt: undefined, answer })
        assert.deepEqual(
          plain(await found(store, delivery.id)),
          plain({ ...delivery, sequence, legs, finishedAt: undefined, answer }),
        )
        const dead = allLegs(sequence, 'dead')
        await updated(store, dead)
        const last = await found(store, delivery.id)
        assert.deepEqual(plain(last), plain({ ...delivery, ...dead, answer }))
      }),
    )

    it(
      'keeps the latest of several concurrent updates',
      withStore(async (store) => {
        const delivery = someDelivery()
        const sequence = await inserted(store, delivery)
        const answer = { status: 201, headers: [], body: Buffer.from('first') }
        const updates = Array.from({ length: 20 }, (_, attempts) => ({
          ...allLegs(sequence, 'pending', { legs: [legTo('server1', 'pending', { attempts })] }),
          answer: attempts === 7 ? answer : undefined,
        }))
        await Promise.all(updates.map((update) => updated(store, update)))
        const last = await found(store, delivery.id)
        assert.deepEqual(last.legs, updates.at(-1)?.legs)
        assert.deepEqual(plain(last).answer?.body, new Uint8Array(answer.body))
      }),
    )

    it(
      'ignores a delivery that does not exist',
      withStore(async (store) => {
        await updated(store, allLegs(77, 'pending'))
        assert.deepEqual(given(await store.unfinished(0, 10)), [])
        assert.equal(given(await store.figures()).pendingLegs, 0)
      }),
    )

    it(
      'drops the request of a done delivery, and keeps it while a leg is dead',
      withStore(async (store) => {
        const [done, dead] = [someDelivery(), someDelivery()]
        await updated(store, allLegs(await inserted(store, done), 'acknowledged'))
        const sequence = await inserted(store, dead)
        await updated(store, allLegs(sequence, 'dead'))
        assert.equal((await found(store, done.id)).request, undefined)
        assert.notEqual((await found(store, dead.id)).request, undefined)
        await updated(store, allLegs(sequence, 'discarded'))
        assert.equal((await found(store, dead.id)).request, undefined)
      }),
    )

    it(
      'makes a dead letter pending again, with its request',
      withStore(async (store) => {
        const delivery = someDelivery()
        const sequence = await inserted(store, delivery)
        await updated(store, allLegs(sequence, 'dead'))
        assert.deepEqual(given(await store.unfinished(0, 10)), [])
        await inserted(store, someDelivery())
        await updated(store, allLegs(sequence, 'pending'))
        const [first, second, ...others] = given(await store.unfinished(0, 10))
        assert.deepEqual([first?.sequence, others.length], [sequence, 0])
        assert.ok((second?.sequence ?? 0) > sequence)
        assert.deepEqual(first && plain(first).request, plain(await found(store, delivery.id)).request)
        const counts = { deliveries: 2, pendingLegs: 6, deadLegs: 0, undeliveredBytes: 2 * usualBytes }
        assert.deepEqual(await countsOf(store), counts)
      }),
    )
  })
}
