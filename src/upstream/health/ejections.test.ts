import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { targetOf } from '../../../test/kit/calls.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { Ejections } from './ejections.ts'
import { field, HealthCells } from './health-cells.ts'
import { type OutlierOptions, outlierOptions } from './options.ts'
import { belowTheOthers, ejectionMs } from './outliers.ts'

const defaults = outlierOptions.parse({}) as OutlierOptions

function twoViews(targets: number, options = defaults) {
  const names = Array.from({ length: targets }, (_, index) => targetOf(`t${index}`))
  const view = (memory: SharedMemory) => new Ejections(new HealthCells(names, memory), options)
  const first = new SharedMemory({ slot: 0, slots: 2 })
  const here = view(first)
  return [here, view(new SharedMemory({ slot: 1, slots: 2, regions: first.regions() }))] as const
}

function fail(ejections: Ejections, index: number, times: number, nowMs = 0): void {
  for (let i = 0; i < times; i++) ejections.note(index, false, nowMs)
}

function ejected(ejections: Ejections, targets: number): readonly number[] {
  return Array.from({ length: targets }, (_, index) => index).filter((index) => ejections.isEjected(index))
}

describe('Ejections', () => {
  it('ejects a target after five failures in a row, counted over all workers', () => {
    const [here, there] = twoViews(3)
    fail(here, 1, 2)
    fail(there, 1, 2)
    assert.equal(here.isEjected(1), false)
    fail(here, 1, 1)
    assert.deepEqual([here.isEjected(1), there.isEjected(1)], [true, true])
  })

  it('restarts the count with each good attempt', () => {
    const [here, there] = twoViews(3)
    fail(here, 1, 4)
    there.note(1, true, 0)
    fail(here, 1, 4)
    assert.equal(here.isEjected(1), false)
  })

  it('brings a target back at the first sweep after 30 s, and keeps it out longer each time', () => {
    const [here, there] = twoViews(2)
    for (const [times, forMs] of [
      [1, 30_000],
      [2, 60_000],
      [3, 90_000],
    ] as const) {
      const nowMs = times * 1_000_000
      fail(here, 0, 5, nowMs)
      there.sweep(nowMs + forMs - 1)
      assert.equal(here.isEjected(0), true)
      there.sweep(nowMs + forMs)
      assert.equal(here.isEjected(0), false)
    }
  })

  it('forgives one ejection per interval without one', () => {
    const [here] = twoViews(2)
    fail(here, 0, 5)
    here.sweep(30_000)
    here.sweep(40_000)
    fail(here, 0, 5, 50_000)
    here.sweep(80_000)
    assert.equal(here.isEjected(0), false)
  })

  it('clears at the sweep a reservation whose worker died before it ejected', () => {
    const targets = [targetOf('a'), targetOf('b')]
    const cells = new HealthCells(targets)
    const ejections = new Ejections(cells, defaults)
    cells.set(0, field.ejection, 1)
    fail(ejections, 1, 5)
    assert.deepEqual(ejected(ejections, 2), [])
    ejections.sweep(10_000)
    fail(ejections, 1, 5, 10_000)
    assert.deepEqual(ejected(ejections, 2), [1])
  })

  it('never ejects for longer than 300 s', () => {
    assert.equal(ejectionMs(defaults, 10), 300_000)
    assert.equal(ejectionMs(defaults, 50), 300_000)
  })

  it('keeps all others in when one of up to nineteen is out', () => {
    const [here, there] = twoViews(5)
    for (const index of [3, 0, 1, 2, 4]) fail(index % 2 === 0 ? here : there, index, 20)
    assert.deepEqual(ejected(here, 5), [3])
  })

  it('ejects at the sweep a target whose success rate is too low', () => {
    const [here, there] = twoViews(6)
    for (let i = 0; i < 200; i++) {
      for (let index = 0; index < 6; index++) here.note(index, index !== 4 || i % 3 > 0, 0)
    }
    there.sweep(10_000)
    assert.deepEqual(ejected(here, 6), [4])
  })

  it('compares the attempts of one interval only', () => {
    const [here] = twoViews(6)
    for (let i = 0; i < 99; i++) for (let index = 0; index < 6; index++) here.note(index, index !== 4 || i % 3 > 0, 0)
    here.sweep(10_000)
    for (let i = 0; i < 99; i++) for (let index = 0; index < 6; index++) here.note(index, index !== 4 || i % 3 > 0, 0)
    here.sweep(20_000)
    assert.deepEqual(ejected(here, 6), [])
  })

  it('never has more out than the share allows, and all back in the end, whatever happens', () => {
    const run = fc.record({
      targets: fc.integer({ min: 2, max: 40 }),
      share: fc.constantFrom(0, 0.1, 0.25, 0.5, 1),
      steps: fc.array(
        fc.record({ worker: fc.constantFrom(0, 1), index: fc.nat(39), times: fc.nat(12), afterMs: fc.nat(15_000) }),
        { maxLength: 100 },
      ),
    })
    fc.assert(
      fc.property(run, ({ targets, share, steps }) => {
        const views = twoViews(targets, { ...defaults, share })
        let nowMs = 0
        for (const { worker, index, times, afterMs } of steps) {
          nowMs += afterMs
          const view = views[worker]
          if (times === 0) view.sweep(nowMs)
          else fail(view, index % targets, times, nowMs)
          assert.ok(ejected(views[0], targets).length <= Math.max(1, Math.floor(targets * share + 1e-9)))
          assert.deepEqual(ejected(views[0], targets), ejected(views[1], targets))
        }
        views[1].sweep(nowMs + 300_000)
        assert.deepEqual(ejected(views[0], targets), [])
      }),
    )
  })
})

describe('belowTheOthers', () => {
  const tallies = (rates: readonly number[], attempts = 100) =>
    rates.map((rate) => ({ good: Math.round(rate * attempts), bad: attempts - Math.round(rate * attempts) }))

  it('needs five targets with a hundred attempts each', () => {
    assert.deepEqual(belowTheOthers(tallies([1, 1, 1, 0]), defaults.successRate), [])
    assert.deepEqual(belowTheOthers(tallies([1, 1, 1, 1, 0], 99), defaults.successRate), [])
    assert.deepEqual(belowTheOthers(tallies([1, 1, 1, 1, 0]), defaults.successRate), [4])
  })

  it('finds none when all fail alike', () => {
    for (const rate of [0, 0.3, 1]) {
      assert.deepEqual(belowTheOthers(tallies([rate, rate, rate, rate, rate]), defaults.successRate), [])
    }
  })
})
