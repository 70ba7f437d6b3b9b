import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freeSlot } from './slots.ts'

describe('freeSlot', () => {
  it('gives the first slot that no worker has', () => {
    assert.deepEqual(
      [[], [{ slot: 0 }], [{ slot: 0 }, { slot: 2 }], [{ slot: 1 }]].map((workers) => freeSlot(4, workers)),
      [0, 1, 1, 0],
    )
  })

  it('leaves the last slot to the main thread', () => {
    assert.equal(freeSlot(3, [{ slot: 0 }, { slot: 1 }]), undefined)
  })
})
