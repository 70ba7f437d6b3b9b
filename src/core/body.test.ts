import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type BodyStream, isHeld } from './body.ts'

describe('isHeld', () => {
  it('is true for bytes and for no body, and false for a stream', () => {
    const stream: BodyStream = { pipe: () => {}, resume: () => {}, discard: () => {} }
    assert.deepEqual([isHeld(new Uint8Array(1)), isHeld(Buffer.alloc(0)), isHeld(undefined)], [true, true, true])
    assert.equal(isHeld(stream), false)
  })
})
