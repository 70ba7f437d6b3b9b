import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ReadBuffer } from './read-buffer.ts'

describe('the buffer that a connection reads to', () => {
  it('is given again to each address that is tried', () => {
    const buffer = new ReadBuffer()
    const bytes = buffer.next()
    assert.ok(bytes !== undefined)
    assert.equal(buffer.next(), bytes)
    buffer.opened()
    assert.equal(buffer.next(), undefined)
  })

  it('is the same for all while there is little to read, and what is taken from it is copied', () => {
    const [one, other] = [new ReadBuffer(), new ReadBuffer()]
    const bytes = one.next() as Buffer
    assert.equal(other.next(), bytes)
    one.opened()
    bytes.write('answer')
    const taken = one.take(bytes, 0, 6).bytes
    bytes.write('poison')
    assert.equal(taken.toString(), 'answer')
    assert.equal(one.next(), undefined)
  })

  it('is its own once much is read, and given away instead of copied', () => {
    const buffer = new ReadBuffer()
    const first = buffer.next() as Buffer
    buffer.opened()
    const copied = buffer.take(first, 0, first.length).bytes
    assert.notEqual(copied.buffer, first.buffer)
    const own = buffer.next() as Buffer
    assert.notEqual(own, first)
    assert.equal(buffer.take(own, 10, 40_000).bytes.buffer, own.buffer)
    const next = buffer.next() as Buffer
    assert.ok(next !== own && next !== first)
    // A small piece is copied, and the buffer kept for the next read.
    assert.notEqual(buffer.take(next, 0, 10).bytes.buffer, next.buffer)
    assert.equal(buffer.next(), undefined)
  })

  it('is the shared one again when the answer is over', () => {
    const buffer = new ReadBuffer()
    const shared = buffer.next() as Buffer
    buffer.opened()
    buffer.take(shared, 0, shared.length)
    const own = buffer.next() as Buffer
    buffer.take(own, 0, own.length)
    buffer.rest()
    assert.equal(buffer.next(), shared)
  })

  it('is read into again once all that was given away of it is spent, and never before', () => {
    const buffer = new ReadBuffer()
    const first = buffer.next() as Buffer
    buffer.opened()
    buffer.take(first, 0, first.length)
    const own = buffer.next() as Buffer
    const [one, two] = [buffer.take(own, 0, 20_000), buffer.take(own, 20_000, 60_000)]
    one.spent?.()
    one.spent?.()
    const second = buffer.next() as Buffer
    assert.notEqual(second, own)
    buffer.take(second, 0, second.length)
    assert.notEqual(buffer.next(), own)
    two.spent?.()
    const other = new ReadBuffer()
    const start = other.next() as Buffer
    other.opened()
    other.take(start, 0, start.length)
    assert.equal(other.next(), own)
  })
})
