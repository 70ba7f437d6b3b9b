import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LastingCounts } from './merged.ts'

describe('LastingCounts', () => {
  const [a, b] = [{}, {}]

  it('adds up the latest counts of each source', () => {
    const counts = new LastingCounts()
    counts.told(a, { x: 1 })
    counts.told(b, { x: 10, y: 5 })
    counts.told(a, { x: 2 })
    assert.deepEqual(counts.total([a, b]), { x: 12, y: 5 })
  })

  it('does not fall when a source reports lower counts or omits one', () => {
    const counts = new LastingCounts()
    counts.told(a, { x: 5, y: 1 })
    counts.told(a, { x: 4 })
    assert.deepEqual(counts.total([a]), { x: 5, y: 1 })
  })

  it('keeps the counts of a source that has ended, once, even if a late answer arrives', () => {
    const counts = new LastingCounts()
    counts.told(a, { x: 1 })
    counts.told(b, { x: 10 })
    assert.deepEqual(counts.total([b]), { x: 11 })
    counts.told(a, { x: 2 })
    assert.deepEqual(counts.total([b]), { x: 11 })
    assert.deepEqual(counts.total([]), { x: 11 })
  })
})
