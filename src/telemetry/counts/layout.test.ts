import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Layout } from './layout.ts'

describe('Layout', () => {
  it('gives each counter a cell of its own', () => {
    const layout = new Layout()
    assert.deepEqual([layout.counts('a', 3), layout.level('b'), layout.counts('c')], [0, 3, 4])
    assert.deepEqual([layout.size, layout.levels], [5, [3]])
    assert.throws(() => layout.counts('a'), /already/)
  })

  it('maps equal cells to another layout, and drops missing ones and other lengths', () => {
    const [before, after] = [new Layout(), new Layout()]
    before.counts('gone', 2)
    before.counts('kept', 2)
    before.counts('longer', 1)
    after.counts('new')
    after.counts('kept', 2)
    after.counts('longer', 2)
    assert.deepEqual([...after.indexesIn(before)], [-1, 2, 3, -1, -1])
  })
})
