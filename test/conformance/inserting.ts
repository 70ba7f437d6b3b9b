import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { given } from '../kit/results.ts'
import {
  allLegs,
  found,
  inserted,
  legTo,
  plain,
  requestWith,
  sequenceOf,
  someDelivery,
  someTime,
  updated,
} from './deliveries.ts'
import type { Suite } from './suite.ts'

export function insertingConformance({ name, withStore }: Suite): void {
  describe(`${name}: insert and find`, () => {
    it(
      'returns the inserted delivery byte for byte',
      withStore(async (store) => {
        const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
        const deliveries = [
          someDelivery(),
          someDelivery({ lane: 'alice', idempotencyKey: 'key', route: 'PUT /größe/日本語' }),
          someDelivery({ request: requestWith({ body: undefined, headers: [], query: '?a=%20&b' }) }),
          someDelivery({ request: requestWith({ body: new Uint8Array(0) }) }),
          someDelivery({
            request: requestWith({ body: everyByte, headers: ['X-A', '1', 'x-a', ' "ä"\t', 'x-a', ''] }),
          }),
          someDelivery({ request: requestWith({ body: Buffer.alloc(1_048_576, 'x') }) }),
          someDelivery({
            createdAt: someTime + 0.25,
            legs: [
              legTo('a', 'pending', {
                attempts: 3,
                nextAttemptAt: someTime + 0.5,
                outcome: 'timeout',
                detail: 'late "x"',
              }),
              legTo('b', 'acknowledged', { attempts: 1, outcome: 'success', status: 201 }),
              legTo('ü', 'dead', { attempts: 100, outcome: 'server_error', status: 500, detail: '' }),
            ],
          }),
        ]
        for (const delivery of deliveries) {
          const sequence = await inserted(store, delivery)
          const expected = { ...delivery, sequence, finishedAt: undefined, answer: undefined }
          assert.deepEqual(plain(await found(store, delivery.id)), plain(expected))
        }
        assert.equal(given(await store.find('another')), undefined)
      }),
    )

    it(
      'gives each delivery a higher sequence than the one before',
      withStore(async (store) => {
        const first = await Promise.all(Array.from({ length: 200 }, () => inserted(store, someDelivery())))
        assert.deepEqual(
          first,
          first.toSorted((a, b) => a - b),
        )
        assert.equal(new Set(first).size, 200)
        assert.ok((await inserted(store, someDelivery())) > (first.at(-1) ?? 0))
      }),
    )
  })

  describe(`${name}: idempotency keys`, () => {
    it(
      'stores nothing under a key that its route has already used, and returns that delivery in its current state',
      withStore(async (store) => {
        const first = someDelivery({ idempotencyKey: 'k' })
        const sequence = await inserted(store, first)
        const answer = { status: 201, headers: ['x-a', '1'], body: Buffer.from('created') }
        await updated(store, allLegs(sequence, 'acknowledged', { answer }))
        const again = await store.insert(someDelivery({ idempotencyKey: 'k' }))
        assert.equal(again.kind, 'existing')
        const delivery = again.kind === 'existing' ? again.delivery : assert.fail()
        assert.equal(delivery.sequence, sequence)
        assert.equal(delivery.fingerprint, first.fingerprint)
        assert.deepEqual(plain(delivery).answer, { ...answer, body: new Uint8Array(answer.body) })
        assert.deepEqual(new Set(delivery.legs.map(({ state }) => state)), new Set(['acknowledged']))
        assert.equal(given(await store.figures()).deliveries, 1)
      }),
    )

    it(
      'also returns the request of an unfinished delivery',
      withStore(async (store) => {
        const first = someDelivery({ idempotencyKey: 'k' })
        await inserted(store, first)
        const again = await store.insert(someDelivery({ idempotencyKey: 'k' }))
        assert.ok(again.kind === 'existing')
        assert.deepEqual(plain(again.delivery).request, {
          ...first.request,
          body: new Uint8Array(Buffer.from('hello')),
        })
      }),
    )

    it(
      'accepts the same key on another route, and any number of deliveries without a key',
      withStore(async (store) => {
        await inserted(store, someDelivery({ idempotencyKey: 'k' }))
        await inserted(store, someDelivery({ idempotencyKey: 'k', route: 'POST /other' }))
        await inserted(store, someDelivery())
        await inserted(store, someDelivery())
      }),
    )

    it(
      'stores one of several concurrent inserts with the same key',
      withStore(async (store) => {
        const insert = () => store.insert(someDelivery({ idempotencyKey: 'k' }))
        const results = await Promise.all([insert(), insert(), insert(), insert()])
        assert.deepEqual(results.map(({ kind }) => kind).toSorted(), ['existing', 'existing', 'existing', 'inserted'])
        const sequences = results.map((r) => (r.kind === 'existing' ? r.delivery.sequence : sequenceOf(r)))
        assert.equal(new Set(sequences).size, 1)
      }),
    )

    it(
      'returns the existing delivery with the same id',
      withStore(async (store) => {
        const delivery = someDelivery()
        const sequence = await inserted(store, delivery)
        const again = await store.insert(delivery)
        assert.ok(again.kind === 'existing')
        assert.equal(again.delivery.sequence, sequence)
      }),
    )
  })
}
