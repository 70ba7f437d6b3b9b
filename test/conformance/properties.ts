import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { done, type Result } from '../../src/core/result.ts'
import type { DeliveryStore, NewDelivery, StoredLeg } from '../../src/store/delivery-store.ts'
import { given } from '../kit/results.ts'
import { countsOf, plain, sequenceOf, sequencesOf, someDelivery, someTime } from './deliveries.ts'
import { StoreModel } from './store-model.ts'
import { noLimit, type OpenPlace, type Suite } from './suite.ts'

const routes = ['POST /a', 'POST /b'] as const
const targets = ['one', 'two', 'three'] as const
const states = ['pending', 'acknowledged', 'dead', 'discarded'] as const

/** Plain objects, as the store returns them. */
const plainObject = { noNullPrototype: true } as const

const leg: fc.Arbitrary<StoredLeg> = fc.record(
  {
    target: fc.constantFrom(...targets),
    state: fc.constantFrom(...states),
    attempts: fc.nat(100),
    nextAttemptAt: fc.option(fc.nat(), { nil: undefined }),
    waitMs: fc.option(fc.nat(), { nil: undefined }),
    outcome: fc.constantFrom('success', 'refused', undefined),
    status: fc.constantFrom(201, 500, undefined),
    detail: fc.option(fc.string(), { nil: undefined }),
  },
  plainObject,
)
const legs = fc.uniqueArray(leg, { selector: ({ target }) => target, minLength: 1, maxLength: 3 })
const body = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined })
const headers = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 }).map((pairs) => pairs.flat())

const insert = fc.record({
  do: fc.constant('insert' as const),
  route: fc.constantFrom(...routes),
  idempotencyKey: fc.constantFrom(undefined, undefined, 'k1', 'k2', 'k3'),
  lane: fc.constantFrom(undefined, 'alice'),
  request: fc.record(
    { method: fc.constant('POST'), path: fc.string(), query: fc.string(), headers, body },
    plainObject,
  ),
  legs: legs.map((all) => all.map((one) => ({ ...one, state: 'pending' as const }))),
})
const update = fc.record({
  do: fc.constant('update' as const),
  /** Picks one of the existing deliveries; newer ones are picked more often. */
  place: fc.oneof(fc.nat(3), fc.nat(30)),
  legs,
  finishedAt: fc.nat(10),
  answer: fc.option(
    fc.record({ status: fc.constant(201), headers, body: fc.uint8Array({ maxLength: 9 }) }, plainObject),
    {
      nil: undefined,
    },
  ),
})
const change = fc.oneof(insert, update)
const command = fc.oneof(
  { weight: 4, arbitrary: insert },
  { weight: 8, arbitrary: update },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('burst' as const), changes: fc.array(change, { maxLength: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), before: fc.nat(10) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      filter: fc.record(
        {
          state: fc.constantFrom(...states),
          target: fc.constantFrom(...targets),
          route: fc.constantFrom(...routes),
          beforeSequence: fc.nat(40),
        },
        { requiredKeys: [] },
      ),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unfinished' as const),
      after: fc.nat(40),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)
type Insert = typeof insert extends fc.Arbitrary<infer Value> ? Value : never
type Update = typeof update extends fc.Arbitrary<infer Value> ? Value : never
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never

export function deliveryStoreProperties({ name, place, skipReopening }: Suite): void {
  describe(`${name}: properties`, () => {
    it('behaves like the simplest model', async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
          const run = new Run(place(t), skipReopening === false)
          try {
            await run.begin()
            for (const one of commands) await run.apply(one)
            await run.compareAll()
          } finally {
            await run.end()
          }
        }),
        { numRuns: 60 },
      )
    })
  })
}

class Run {
  readonly #open: OpenPlace
  readonly #canReopen: boolean
  readonly #model = new StoreModel()
  #store: DeliveryStore | undefined

  constructor(open: OpenPlace, canReopen: boolean) {
    this.#open = open
    this.#canReopen = canReopen
  }

  get store(): DeliveryStore {
    return this.#store ?? assert.fail('not open')
  }

  async begin(): Promise<void> {
    this.#store = await this.#open(noLimit)
  }

  async end(): Promise<void> {
    await this.#store?.close()
  }

  async apply(command: Command): Promise<void> {
    const [store, model] = [this.store, this.#model]
    switch (command.do) {
      case 'insert':
      case 'update':
        await this.#change([command])
        break
      case 'burst':
        // Updates only refer to earlier deliveries: an insert has no sequence until it resolves.
        await this.#change(command.changes)
        break
      case 'remove':
        assert.equal(given(await store.removeFinished(command.before)), model.removeFinished(command.before))
        break
      case 'list': {
        const filter = { ...command.filter, limit: command.limit }
        assert.deepEqual(given(await store.list(filter)), model.list(filter))
        break
      }
      case 'unfinished': {
        const page = given(await store.unfinished(command.after, command.limit))
        assert.deepEqual(page.map(plain), model.unfinished(command.after, command.limit).map(plain))
        break
      }
      case 'reopen':
        if (!this.#canReopen) break
        await store.close()
        await this.begin()
        await this.compareAll()
        break
    }
  }

  async compareAll(): Promise<void> {
    const model = this.#model
    const { deliveries } = given(await this.store.list({ limit: 1000 }))
    assert.deepEqual(sequencesOf(deliveries), sequencesOf(model.deliveries).toReversed())
    for (const expected of model.deliveries) {
      const stored = given(await this.store.find(expected.id))
      assert.deepEqual(stored && plain(stored), plain(expected))
    }
    assert.deepEqual(given(await this.store.unfinished(0, 1000)).map(plain), model.unfinished(0, 1000).map(plain))
    assert.deepEqual(await countsOf(this.store), model.counts())
  }

  /** Runs all concurrently; the model applies them one after the other. */
  async #change(changes: readonly (Insert | Update)[]): Promise<void> {
    const updating = changes.filter((one) => one.do === 'update').map((one) => this.#update(one))
    const inserts = changes.filter((one) => one.do === 'insert').map(newDelivery)
    const inserting = inserts.map((one) => this.store.insert(one))
    const updates = await Promise.all(updating)
    for (const updated of updates) given(updated)
    const results = await Promise.all(inserting)
    for (const [n, delivery] of inserts.entries()) {
      const result = results[n] ?? assert.fail()
      const existing = this.#model.existing(delivery)
      if (existing === undefined) {
        const sequence = sequenceOf(result)
        assert.ok(sequence > this.#model.lastSequence)
        this.#model.insert(delivery, sequence)
      } else {
        assert.ok(result.kind === 'existing')
        assert.deepEqual(plain(result.delivery), plain(existing))
      }
    }
  }

  #update({ place, legs: newLegs, finishedAt, answer }: Update): Promise<Result<undefined>> {
    const { deliveries } = this.#model
    const delivery = deliveries[deliveries.length - 1 - place]
    // A done delivery has lost its request and cannot become pending again.
    if (delivery?.request === undefined) return Promise.resolve(done)
    const isPending = newLegs.some(({ state }) => state === 'pending')
    const { sequence } = delivery
    const update = { sequence, legs: newLegs, finishedAt: isPending ? undefined : finishedAt, answer }
    this.#model.update(update)
    return this.store.update(update)
  }
}

function newDelivery({ route, idempotencyKey, lane, request, legs: newLegs }: Insert): NewDelivery {
  return someDelivery({ route, idempotencyKey, lane, request, legs: newLegs, createdAt: someTime })
}
