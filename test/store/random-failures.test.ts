import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { DeliveryUpdate, LegState, NewDelivery } from '../../src/store/delivery-store.ts'
import { allLegs, found, plain, sequencesOf, someDelivery } from '../conformance/deliveries.ts'
import { given } from '../kit/results.ts'
import { type FailingStore, failingStoreAt, retry } from './failing-store.ts'
import { folderFor, storeAt } from './place.ts'

const states = ['pending', 'acknowledged', 'dead', 'discarded'] as const
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('insert' as const), count: fc.integer({ min: 1, max: 20 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      places: fc.array(fc.tuple(fc.nat(20), fc.constantFrom<LegState[]>(...states)), { minLength: 1, maxLength: 10 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('retry' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('harm' as const),
      how: fc.constantFrom('end thread', 'delete', 'delete database', 'delete log', 'move away', 'move back'),
      /** Turns of the event loop after the previous step, so that the damage hits in the middle of that step. */
      turns: fc.nat(4),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** The reported inserts, and the last update that was called for each. */
class Expected {
  readonly inserts = new Map<number, NewDelivery>()
  readonly updates = new Map<number, DeliveryUpdate>()
  readonly refusedIds: string[] = []

  unfinished(): readonly number[] {
    return [...this.inserts.keys()].filter((sequence) => {
      const legs = this.updates.get(sequence)?.legs
      return legs === undefined || legs.some(({ state }) => state === 'pending')
    })
  }
}

class Run {
  readonly #failing: FailingStore
  readonly #path: string
  readonly #underWay: Promise<unknown>[] = []
  readonly expected = new Expected()
  /** Whether the file was ever lost for good: deliveries finished by then are lost with it. */
  hasLostFile = false

  constructor(failing: FailingStore, path: string) {
    this.#failing = failing
    this.#path = path
  }

  async apply(one: Step): Promise<void> {
    if (one.do === 'insert') for (let n = 0; n < one.count; n++) this.#underWay.push(this.#insert())
    else if (one.do === 'update') for (const [place, state] of one.places) this.#update(place, state)
    else if (one.do === 'retry') await retry(this.#failing)
    else if (one.do === 'settle') await this.settle()
    else {
      for (let turn = 0; turn < one.turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      await this.#harm(one.how)
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#underWay.splice(0))
  }

  async #insert(): Promise<void> {
    const delivery = someDelivery()
    const result = await this.#failing.store.insert(delivery)
    if (result.kind === 'inserted') this.expected.inserts.set(result.sequence, delivery)
    else this.expected.refusedIds.push(delivery.id)
  }

  /** Updates only unfinished deliveries, as the gateway does; the final state does not depend on its success. */
  #update(place: number, state: LegState): void {
    const sequence = this.expected.unfinished().at(-1 - place)
    if (sequence === undefined) return
    const update = allLegs(sequence, state)
    this.expected.updates.set(sequence, update)
    this.#underWay.push(this.#failing.store.update(update))
  }

  async #harm(how: string): Promise<void> {
    const [path, aside] = [this.#path, `${this.#path}.aside`]
    const quietly = (action: () => void): void => {
      try {
        action()
      } catch {
        // The file is missing: an earlier step removed it.
      }
    }
    if (how === 'end thread') await this.#failing.threads.at(-1)?.terminate()
    else if (how === 'move away') quietly(() => renameSync(path, aside))
    else if (how === 'move back') quietly(() => renameSync(aside, path))
    else if (how === 'delete log') quietly(() => rmSync(`${path}-wal`))
    else {
      quietly(() => rmSync(path))
      if (how === 'delete') quietly(() => rmSync(`${path}-wal`))
    }
    if (how !== 'end thread') this.hasLostFile = true
  }
}

describe('an SQLite store with random damage', () => {
  it('ends with everything that it accepted and nothing that it refused', async (t) => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const path = join(folderFor(t), 'store.db')
        const failing = await failingStoreAt(t, path)
        const run = new Run(failing, path)
        for (const one of steps) await run.apply(one)
        await run.settle()
        await retry(failing)
        await retry(failing)
        const { expected } = run
        count += expected.inserts.size
        const inMemory = given(await failing.store.unfinished(0, 1e6)).map(plain)
        await failing.store.close()
        assert.equal(failing.clock.pendingCount, 0)

        const store = await storeAt(t, path)
        const onDisk = given(await store.unfinished(0, 1e6)).map(plain)
        assert.deepEqual(onDisk, inMemory)
        assert.deepEqual(
          sequencesOf(onDisk),
          expected.unfinished().toSorted((a, b) => a - b),
        )
        for (const [sequence, { id }] of expected.inserts) {
          if (run.hasLostFile && !expected.unfinished().includes(sequence)) continue
          const delivery = await found(store, id)
          assert.deepEqual(delivery.legs, expected.updates.get(sequence)?.legs ?? delivery.legs)
        }
        for (const id of expected.refusedIds) assert.equal(given(await store.find(id)), undefined)
        const { deliveries } = given(await store.list({ limit: 1e6 }))
        assert.equal(given(await store.figures()).deliveries, deliveries.length)
        await store.close()
      }),
      { numRuns: Number(process.env['STORE_RUNS'] ?? 25) },
    )
    t.diagnostic(`${count} deliveries accepted`)
  })
})
