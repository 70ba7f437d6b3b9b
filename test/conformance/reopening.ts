import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import { failureOf } from '../kit/calls.ts'
import { given } from '../kit/results.ts'
import { allLegs, countsOf, found, inserted, plain, sequenceOf, someDelivery, someTime, updated } from './deliveries.ts'
import { noLimit, type Suite } from './suite.ts'

export function reopeningConformance({ name, place, skipReopening }: Suite): void {
  describe(`${name}: close`, () => {
    it('makes every method fail as closed, and may be called again', async (t) => {
      const store = await place(t)(noLimit)
      await store.close()
      await store.close()
      const insert = await store.insert(someDelivery())
      const answers = [
        await store.update(allLegs(1, 'dead')),
        await store.find('x'),
        await store.list({ limit: 1 }),
        await store.unfinished(0, 1),
        await store.removeFinished(0),
        await store.figures(),
      ]
      const failures = [
        insert.kind === 'refused' ? insert.failure : assert.fail(insert.kind),
        ...answers.map(failureOf),
      ]
      for (const { code, detail } of failures) {
        assert.deepEqual([code, detail], ['STORE_UNAVAILABLE', 'The store is closed.'])
      }
    })

    it('waits for earlier calls', { skip: skipReopening }, async (t) => {
      const open = place(t)
      const store = await open(noLimit)
      const sequence = await inserted(store, someDelivery())
      const [delivery, update] = [someDelivery(), allLegs(sequence, 'dead')]
      const results = [store.insert(delivery), store.update(update), store.find(delivery.id)] as const
      await store.close()
      const [insertion, updating, finding] = await Promise.all(results)
      given(updating)
      assert.ok(given(finding) !== undefined)
      const again = await open(noLimit)
      assert.equal((await found(again, delivery.id)).sequence, sequenceOf(insertion))
      assert.equal(given(await again.figures()).deadLegs, 3)
      await again.close()
    })
  })

  describe(`${name}: opened again`, () => {
    it('has everything unchanged, and continues the sequences', { skip: skipReopening }, async (t) => {
      const open = place(t)
      const store = await open(noLimit)
      const deliveries = Array.from({ length: 30 }, (_, n) => someDelivery({ idempotencyKey: `key-${n}` }))
      const sequences = await Promise.all(deliveries.map((delivery) => inserted(store, delivery)))
      const answer = { status: 201, headers: ['a', 'b'], body: Buffer.from('ok') }
      const states = ['acknowledged', 'pending', 'dead'] as const
      for (const [n, sequence] of sequences.entries()) {
        await updated(store, allLegs(sequence, states[n % 3] ?? 'pending', { answer }))
      }
      const before = await everything(store)
      await store.close()
      const again = await open(noLimit)
      assert.deepEqual(await everything(again), before)
      const repeat = await again.insert(someDelivery({ idempotencyKey: 'key-0' }))
      assert.equal(repeat.kind, 'existing')
      assert.ok((await inserted(again, someDelivery())) > Math.max(...sequences))
      await again.close()
    })

    it('reuses no sequence, even if the last delivery was removed', { skip: skipReopening }, async (t) => {
      const open = place(t)
      const store = await open(noLimit)
      const sequence = await inserted(store, someDelivery())
      await updated(store, allLegs(sequence, 'acknowledged'))
      assert.equal(given(await store.removeFinished(someTime + 1)), 1)
      await store.close()
      const again = await open(noLimit)
      assert.ok((await inserted(again, someDelivery())) > sequence)
      await again.close()
    })
  })
}

async function everything(store: DeliveryStore): Promise<object> {
  const { deliveries } = given(await store.list({ limit: 1000 }))
  const whole = await Promise.all(deliveries.map(async ({ id }) => plain(await found(store, id))))
  return { whole, counts: await countsOf(store), unfinished: given(await store.unfinished(0, 1000)).map(plain) }
}
