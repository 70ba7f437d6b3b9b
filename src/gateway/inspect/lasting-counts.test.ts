import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LastingCounts } from './lasting-counts.ts'

describe('LastingCounts', () => {
  const [a, b] = [{}, {}]

  it('adds up what each has told last', () => {
    const counts = new LastingCounts()
    counts.told(a, { x: 1 })
    counts.told(b, { x: 10, y: 5 })
    counts.told(a, { x: 2 })
    assert.deepEqual(counts.total([a, b]), { x: 12, y: 5 })
  })

  it('does not fall when one tells less than before, or nothing of it', () => {
    const counts = new LastingCounts()
    counts.told(a, { x: 5, y: 1 })
    counts.told(a, { x: 4 })
    assert.deepEqual(counts.total([a]), { x: 5, y: 1 })
  })

  it('keeps what was told by one that is no more, once, though a late answer of it comes', () => {
    const counts = new LastingCounts()
    counts.told(a, { x: 1 })
    counts.told(b, { x: 10 })
    assert.deepEqual(counts.total([b]), { x: 11 })
    counts.told(a, { x: 2 })
    assert.deepEqual(counts.total([b]), { x: 11 })
    assert.deepEqual(counts.total([]), { x: 11 })
  })
})
