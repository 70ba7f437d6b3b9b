import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cells, Layout, ownCells } from './cells.ts'

describe('cells', () => {
  it('have a place of their own for each thing that is counted', () => {
    const layout = new Layout()
    const places = [layout.counts(3), layout.levels(2), layout.counts(1)]
    assert.deepEqual(places, [0, 3, 5])
    assert.equal(ownCells(layout).values.length, 6)
  })

  it('of several threads lie in one shared block, and are added up by whoever reads', () => {
    const layouts = [new Layout(), new Layout()]
    const [place] = layouts.map((layout) => layout.counts(1) + layout.levels(1)) as [number]
    const [{ size }] = layouts as [Layout]
    const shared = new SharedArrayBuffer(2 * size * 8)
    const stretches = [0, 1].map((worker) => new Float64Array(shared, worker * size * 8, size))
    const cells = stretches.map(
      (values): Cells => ({ values, read: (at) => stretches.reduce((sum, one) => sum + (one[at] ?? 0), 0) }),
    )
    const [first, second] = cells as [Cells, Cells]
    first.values[place] = 5
    second.values[place] = 7
    assert.equal(first.read(place), 12)
    assert.equal(second.read(place), 12)
  })

  it('of a thread that has ended keep their counts and lose their levels', () => {
    const layout = new Layout()
    const [count, level] = [layout.counts(1), layout.levels(1)]
    const { values } = ownCells(layout)
    values.fill(4)
    layout.endLevels(values)
    assert.deepEqual([values[count], values[level]], [4, 0])
  })
})
