import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ReadBuffer } from './read-buffer.ts'

describe('ReadBuffer', () => {
  it('returns its buffer again for each address that is tried', () => {
    const buffer = new ReadBuffer()
    const bytes = buffer.next()
    assert.ok(bytes !== undefined)
    assert.equal(buffer.next(), bytes)
    buffer.opened()
    assert.equal(buffer.next(), undefined)
  })

  it('shares one buffer for small reads and copies pieces taken from it', () => {
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

  it('uses its own buffer for large reads and gives pieces away without copying', () => {
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
    // A small piece is copied, and the next read uses the same buffer.
    assert.notEqual(buffer.take(next, 0, 10).bytes.buffer, next.buffer)
    assert.equal(buffer.next(), undefined)
  })

  it('returns to the shared buffer when the answer has ended', () => {
    const buffer = new ReadBuffer()
    const shared = buffer.next() as Buffer
    buffer.opened()
    buffer.take(shared, 0, shared.length)
    const own = buffer.next() as Buffer
    buffer.take(own, 0, own.length)
    buffer.rest()
    assert.equal(buffer.next(), shared)
  })

  it('reuses a buffer only once all its pieces are spent', () => {
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
