import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { StoredDelivery, StoredLeg } from '../delivery-store.ts'
import { HeldDeliveries } from './held-deliveries.ts'

const leg = (state: StoredLeg['state']): StoredLeg => ({
  target: 'a',
  state,
  attempts: 0,
  nextAttemptAt: undefined,
  waitMs: undefined,
  outcome: undefined,
  status: undefined,
  detail: undefined,
})

const delivery = (sequence: number): StoredDelivery => ({
  id: `id-${sequence}`,
  route: 'r',
  lane: undefined,
  idempotencyKey: undefined,
  fingerprint: '',
  createdAt: 0,
  sequence,
  finishedAt: undefined,
  answer: undefined,
  legs: [leg('pending')],
  request: { method: 'POST', path: '/', query: '', headers: ['a', 'b'], body: new Uint8Array(8) },
})

const done = (sequence: number) => ({ sequence, legs: [leg('acknowledged')], finishedAt: 1, answer: undefined })

/** Header, body, path, and 1 KiB for the leg. */
const heldEach = 2 + 8 + 1 + 1024

describe('HeldDeliveries', () => {
  it('keeps a finished delivery until that is on disk, but no longer counts it', () => {
    const held = new HeldDeliveries()
    held.add(delivery(1))
    assert.deepEqual([held.pendingLegs, held.undeliveredBytes], [1, heldEach])
    assert.equal(held.letGoIfDone(1), undefined)
    held.apply(done(1))
    assert.deepEqual([held.pendingLegs, held.undeliveredBytes], [0, 0])
    assert.equal(held.get(1)?.finishedAt, 1)
    assert.equal(held.letGoIfDone(1)?.sequence, 1)
    assert.deepEqual([held.has(1), held.letGoIfDone(1)], [false, undefined])
  })

  it('returns pages in sequence order after any adds and removals', () => {
    const step = fc.tuple(fc.constantFrom('add', 'finish', 'finish', 'let go'), fc.integer({ min: 1, max: 60 }))
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 400 }),
        fc.nat(60),
        fc.integer({ min: 1, max: 9 }),
        (steps, after, limit) => {
          const held = new HeldDeliveries()
          const pending = new Set<number>()
          for (const [what, sequence] of steps) {
            if (what === 'add' && !held.has(sequence)) {
              held.add(delivery(sequence))
              pending.add(sequence)
            } else if (what === 'finish') {
              held.apply(done(sequence))
              pending.delete(sequence)
            } else held.letGoIfDone(sequence)
          }
          const expected = [...pending].filter((sequence) => sequence > after).sort((a, b) => a - b)
          const page = held.unfinished(after, limit)
          assert.deepEqual(
            page.map(({ sequence }) => sequence),
            expected.slice(0, limit),
          )
          assert.deepEqual([held.pendingLegs, held.undeliveredBytes], [pending.size, heldEach * pending.size])
        },
      ),
    )
  })

  it('removes deliveries that were let go from its order', () => {
    const held = new HeldDeliveries()
    for (let sequence = 1; sequence <= 100_000; sequence++) {
      held.add(delivery(sequence))
      if (sequence % 1000 === 0) continue
      held.apply(done(sequence))
      held.letGoIfDone(sequence)
    }
    const pages = held.unfinished(0, 1000).map(({ sequence }) => sequence)
    assert.deepEqual(
      pages,
      Array.from({ length: 100 }, (_, n) => (n + 1) * 1000),
    )
  })
})
