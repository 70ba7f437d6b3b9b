import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryFilter, DeliveryStore, StoredDelivery } from '../../src/store/delivery-store.ts'
import { given } from '../kit/results.ts'
import { allLegs, found, inserted, legTo, plain, sequencesOf, someDelivery, updated } from './deliveries.ts'
import type { Suite } from './suite.ts'

export function listingConformance({ name, withStore }: Suite): void {
  describe(`${name}: list`, () => {
    /** 12 deliveries on two routes; every third is done, every third dead at server2, the rest pending. */
    const fill = async (store: DeliveryStore): Promise<readonly number[]> => {
      const sequences: number[] = []
      for (let n = 0; n < 12; n++) {
        const sequence = await inserted(store, someDelivery({ route: n < 6 ? 'POST /a' : 'POST /b' }))
        sequences.push(sequence)
        const answer = { status: 201, headers: [], body: Buffer.from('x') }
        if (n % 3 === 0) await updated(store, allLegs(sequence, 'acknowledged', { answer }))
        const legs = [legTo('server1', 'discarded'), legTo('server2', 'dead'), legTo('server3', 'acknowledged')]
        if (n % 3 === 1) await updated(store, allLegs(sequence, 'dead', { legs }))
      }
      return sequences
    }

    it(
      'returns the newest first, without bodies',
      withStore(async (store) => {
        const sequences = await fill(store)
        const { deliveries, more } = given(await store.list({ limit: 100 }))
        assert.deepEqual(sequencesOf(deliveries), sequences.toReversed())
        assert.equal(more, false)
        for (const { request, answer } of deliveries) assert.deepEqual([request, answer], [undefined, undefined])
        const whole = await found(store, deliveries[0]?.id ?? '')
        assert.deepEqual(deliveries[0], { ...whole, request: undefined, answer: undefined })
      }),
    )

    const filters: readonly (readonly [Omit<DeliveryFilter, 'limit'>, (n: number) => boolean])[] = [
      [{ state: 'pending' }, (n) => n % 3 === 2],
      [{ state: 'dead' }, (n) => n % 3 === 1],
      [{ state: 'acknowledged' }, (n) => n % 3 < 2],
      [{ state: 'discarded' }, (n) => n % 3 === 1],
      [{ target: 'server2' }, () => true],
      [{ target: 'server4' }, () => false],
      [{ state: 'dead', target: 'server2' }, (n) => n % 3 === 1],
      [{ state: 'dead', target: 'server1' }, () => false],
      [{ route: 'POST /a' }, (n) => n < 6],
      [{ route: 'POST /b', state: 'pending', target: 'server3' }, (n) => n >= 6 && n % 3 === 2],
      [{ route: 'POST /c' }, () => false],
    ]
    for (const [filter, isWanted] of filters) {
      it(
        `returns deliveries matching ${JSON.stringify(filter)}`,
        withStore(async (store) => {
          const sequences = await fill(store)
          const expected = sequences.filter((_, n) => isWanted(n)).toReversed()
          const page = given(await store.list({ ...filter, limit: 100 }))
          assert.deepEqual(sequencesOf(page.deliveries), expected)
          assert.deepEqual(await pages(store, { ...filter, limit: 2 }), expected)
        }),
      )
    }

    it(
      'reports whether there are more, also when the page ends with the last delivery',
      withStore(async (store) => {
        const sequences = await fill(store)
        assert.equal(given(await store.list({ limit: 12 })).more, false)
        assert.equal(given(await store.list({ limit: 11 })).more, true)
        const beforeSequence = sequences[1]
        assert.ok(beforeSequence !== undefined)
        assert.deepEqual(sequencesOf(given(await store.list({ limit: 1, beforeSequence })).deliveries), [sequences[0]])
        assert.equal(given(await store.list({ limit: 1, beforeSequence })).more, false)
      }),
    )

    it(
      'finds few matches among many deliveries',
      withStore(async (store) => {
        const rare = [10, 1500, 2990]
        const sequences = await Promise.all(
          Array.from({ length: 3000 }, (_, n) =>
            inserted(
              store,
              rare.includes(n) ? someDelivery({ legs: [legTo('rare')], route: 'POST /rare' }) : someDelivery(),
            ),
          ),
        )
        const expected = rare.map((n) => sequences[n]).toReversed()
        for (const filter of [
          { target: 'rare' },
          { target: 'rare', state: 'pending' },
          { route: 'POST /rare' },
        ] as const) {
          const { deliveries, more } = given(await store.list({ ...filter, limit: 3 }))
          assert.deepEqual([sequencesOf(deliveries), more], [expected, false])
          assert.equal(given(await store.list({ ...filter, limit: 2 })).more, true)
        }
      }),
    )
  })

  describe(`${name}: unfinished`, () => {
    it(
      'returns whole deliveries with a pending leg, oldest first, in pages',
      withStore(async (store) => {
        const deliveries = Array.from({ length: 25 }, () => someDelivery())
        const sequences = await Promise.all(deliveries.map((delivery) => inserted(store, delivery)))
        const states = ['acknowledged', 'pending', 'dead', 'pending', 'discarded'] as const
        for (const [n, sequence] of sequences.entries())
          await updated(store, allLegs(sequence, states[n % 5] ?? 'pending'))
        const expected = sequences.filter((_, n) => states[n % 5] === 'pending')
        const seen: StoredDelivery[] = []
        for (;;) {
          const page = given(await store.unfinished(seen.at(-1)?.sequence ?? 0, 3))
          assert.ok(page.length <= 3)
          if (page.length === 0) break
          seen.push(...page)
        }
        assert.deepEqual(sequencesOf(seen), expected)
        for (const one of seen) assert.deepEqual(plain(one), plain(await found(store, one.id)))
        assert.ok(seen.every(({ request }) => request?.body?.length === 5))
      }),
    )
  })
}

async function pages(store: DeliveryStore, filter: DeliveryFilter): Promise<readonly number[]> {
  const sequences: number[] = []
  for (let beforeSequence: number | undefined; ; beforeSequence = sequences.at(-1)) {
    const page = given(await store.list(beforeSequence === undefined ? filter : { ...filter, beforeSequence }))
    sequences.push(...sequencesOf(page.deliveries))
    if (!page.more) return sequences
    assert.equal(page.deliveries.length, filter.limit)
  }
}
