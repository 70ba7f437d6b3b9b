import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RecentQuantiles } from './quantiles.ts'
import { SharedMemory } from './shared-memory.ts'

/** The smallest sample that at least `percent` % do not exceed, counted one by one and in whole numbers. */
function naive(samples: readonly number[], percent: number): number | undefined {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted.find((_, i) => (i + 1) * 100 >= percent * sorted.length)
}

function quantilesOf(samples: readonly number[], options = { capacity: 512, refreshEvery: 1 }): RecentQuantiles {
  const quantiles = new RecentQuantiles(new SharedMemory(), options)
  for (const sample of samples) quantiles.add(sample)
  return quantiles
}

describe('RecentQuantiles', () => {
  it('has none without samples', () => {
    const quantiles = new RecentQuantiles()
    assert.equal(quantiles.at(0.5), undefined)
    assert.equal(quantiles.size, 0)
  })

  it('agrees with sorting, over the samples that it still holds', () => {
    const sample = fc.double({ min: 0, max: 60_000, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 200 }),
        fc.nat(100),
        fc.integer({ min: 1, max: 150 }),
        run,
      ),
    )
    function run(samples: readonly number[], percent: number, capacity: number): void {
      const quantiles = quantilesOf(samples, { capacity, refreshEvery: 1 })
      assert.equal(quantiles.size, Math.min(capacity, samples.length))
      assert.equal(quantiles.at(percent / 100), naive(samples.slice(-capacity), percent))
    }
  })

  it('is exact for every whole percent and every number of samples, where products of fractions are not', () => {
    const samples: number[] = []
    const quantiles = new RecentQuantiles(new SharedMemory(), { capacity: 512, refreshEvery: 1 })
    for (let count = 1; count <= 512; count++) {
      samples.push(count)
      quantiles.add(count)
      for (const percent of [1, 7, 14, 28, 29, 50, 55, 57, 58, 90, 95, 99, 100]) {
        assert.equal(quantiles.at(percent / 100), Math.ceil((percent * count) / 100), `p${percent} of ${count}`)
      }
    }
  })

  it('sorts anew only after so many samples', () => {
    const quantiles = quantilesOf([10, 20, 30], { capacity: 512, refreshEvery: 4 })
    assert.equal(quantiles.at(1), 30)
    for (const sample of [40, 50, 60]) quantiles.add(sample)
    assert.equal(quantiles.at(1), 30)
    quantiles.add(70)
    assert.equal(quantiles.at(1), 70)
  })

  it('orders numbers as numbers', () => {
    assert.equal(quantilesOf([9, 10, 100, 1000]).at(1), 1000)
    assert.equal(quantilesOf([9, 10, 100, 1000]).at(0), 9)
  })

  it('goes on where it was when its count is folded, after a billion samples', () => {
    const memory = new SharedMemory()
    const quantiles = new RecentQuantiles(memory, { capacity: 3, refreshEvery: 1 })
    Atomics.store(memory.cells('samples', 1), 0, 2 ** 30 - 1)
    for (const sample of [10, 20, 30, 40]) {
      quantiles.add(sample)
      assert.equal(quantiles.at(1), sample)
    }
    assert.deepEqual([quantiles.at(0.01), quantiles.size], [20, 3])
    assert.ok(Atomics.load(memory.cells('samples', 1), 0) < 10)
  })

  it('holds the samples of all workers', () => {
    const memory = new SharedMemory({ slot: 0, slots: 2 })
    const first = new RecentQuantiles(memory, { capacity: 4, refreshEvery: 1 })
    const other = new SharedMemory({ slot: 1, slots: 2, regions: memory.regions() })
    const second = new RecentQuantiles(other, { capacity: 4, refreshEvery: 1 })
    first.add(10)
    second.add(30)
    assert.deepEqual([first.at(1), second.at(0.5), second.size], [30, 10, 2])
  })
})
