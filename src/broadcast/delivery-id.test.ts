import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newDeliveryId } from './delivery-id.ts'

describe('a delivery id', () => {
  it('is 32 hex digits, so that no command takes it for an option', () => {
    const ids = Array.from({ length: 2000 }, newDeliveryId)
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
    assert.equal(new Set(ids).size, ids.length)
  })
})
