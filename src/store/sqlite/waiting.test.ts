import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { done } from '../../core/result.ts'
import type { DeliveryUpdate } from '../delivery-store.ts'
import { Waiting } from './waiting.ts'

const answer = { status: 201, headers: [], body: new Uint8Array(1) }
const update = (sequence: number, change: Partial<DeliveryUpdate> = {}): DeliveryUpdate => ({
  sequence,
  legs: [],
  finishedAt: undefined,
  answer: undefined,
  ...change,
})

describe('Waiting', () => {
  it('merges updates of a delivery into the latest one, with the earlier answer', () => {
    const waiting = new Waiting()
    const told: string[] = []
    waiting.update(update(1, { finishedAt: 1, answer }), () => told.push('first'))
    waiting.update(update(1, { finishedAt: 2 }), () => told.push('second'))
    waiting.update(update(2), () => told.push('other'))
    const { updates } = waiting.take()
    assert.deepEqual(
      [...updates.values()].map((one) => one.update),
      [update(1, { finishedAt: 2, answer }), update(2)],
    )
    for (const { callers } of updates.values()) for (const tell of callers) tell(done)
    assert.deepEqual(told, ['first', 'second', 'other'])
  })

  it('keeps newer updates when a failed batch is put back', () => {
    const waiting = new Waiting()
    waiting.update(update(1, { finishedAt: 1, answer }), () => undefined)
    waiting.update(update(2, { finishedAt: 1 }), () => undefined)
    const { updates } = waiting.take()
    waiting.update(update(1, { finishedAt: 2 }), () => undefined)
    waiting.putBack(updates)
    const again = waiting.take().updates
    assert.deepEqual(again.get(1)?.update, update(1, { finishedAt: 2, answer }))
    assert.deepEqual([again.get(1)?.callers.length, again.get(2)?.callers.length], [1, 0])
  })

  it('does not count updates that were put back or kept as new', () => {
    const waiting = new Waiting()
    waiting.update(update(1), () => undefined)
    assert.equal(waiting.isNew, true)
    waiting.putBack(waiting.take().updates)
    waiting.keep(update(2))
    assert.equal(waiting.isNew, false)
    assert.deepEqual([...waiting.updated], [1, 2])
  })
})
