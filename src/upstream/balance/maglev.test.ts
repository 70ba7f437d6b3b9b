import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { maglevTable, tableSize } from './maglev.ts'

const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `10.0.0.${i}:8080`, weight: 1 }))

function countsOf(table: Uint16Array): readonly number[] {
  const counts: number[] = []
  for (const index of table) counts[index] = (counts[index] ?? 0) + 1
  return counts
}

describe('the Maglev table', () => {
  for (const count of [1, 2, 3, 10, 200]) {
    it(`gives each of ${count} targets the same number of slots, within one`, () => {
      const counts = countsOf(maglevTable(named(count)))
      assert.equal(counts.length, count)
      assert.equal(
        counts.reduce((sum, slots) => sum + slots, 0),
        tableSize,
      )
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
    })
  }

  it('gives slots in proportion to weight', () => {
    const counts = countsOf(maglevTable(['a', 'b', 'c'].map((name, i) => ({ name, weight: [6, 3, 1][i] ?? 0 }))))
    for (const [index, share] of [0.6, 0.3, 0.1].entries()) {
      assert.ok(Math.abs((counts[index] ?? 0) / tableSize - share) < 0.001)
    }
  })

  for (const count of [3, 10, 100]) {
    it(`moves few other keys when one of ${count} targets leaves`, () => {
      const before = named(count)
      const [table, without] = [maglevTable(before), maglevTable(before.slice(0, -1))]
      let moved = 0
      let kept = 0
      for (const [slot, index] of table.entries()) {
        if (index === count - 1) continue
        if (without[slot] === index) kept++
        else moved++
      }
      assert.ok(moved / (moved + kept) < 0.01, `${moved} of ${moved + kept}`)
    })
  }

  it('is empty without targets', () => {
    assert.equal(new Set(maglevTable([])).size, 1)
  })
})
