import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { targetOf } from '../../../test/kit/calls.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { Breakers } from './breaker.ts'
import { HealthCells } from './health-cells.ts'

const options = { failures: 0.5, window: 10_000, minimum: 4, open: 30_000 }

/** The same breakers as seen by two workers. */
function twoViews(targets = 1) {
  const names = Array.from({ length: targets }, (_, index) => targetOf(`t${index}`))
  const first = new SharedMemory({ slot: 0, slots: 2 })
  const view = (memory: SharedMemory) => new Breakers(new HealthCells(names, memory), options, memory)
  const here = view(first)
  return [here, view(new SharedMemory({ slot: 1, slots: 2, regions: first.regions() }))] as const
}

function fail(breakers: Breakers, times: number, nowMs: number): void {
  for (let i = 0; i < times; i++) breakers.note(0, 'bad', nowMs)
}

describe('Breakers', () => {
  it('opens for all workers at the share of failures, but not below the minimum', () => {
    const [here, there] = twoViews()
    there.note(0, 'good', 0)
    there.note(0, 'good', 0)
    here.note(0, 'bad', 100)
    assert.equal(there.state(0, 100), 'closed')
    here.note(0, 'bad', 200)
    assert.deepEqual([here.state(0, 200), there.state(0, 200)], ['open', 'open'])
    assert.equal(there.allows(0, 200), false)
  })

  it('opens even if the attempt that reaches the minimum is good', () => {
    const [here] = twoViews()
    fail(here, 3, 0)
    here.note(0, 'good', 0)
    assert.equal(here.state(0, 0), 'open')
  })

  it('forgets attempts older than the window', () => {
    const [here] = twoViews()
    fail(here, 3, 0)
    fail(here, 3, 10_001)
    assert.equal(here.state(0, 10_001), 'closed')
  })

  it('ignores attempts that say nothing about the target', () => {
    const [here] = twoViews()
    fail(here, 3, 0)
    for (let i = 0; i < 5; i++) here.note(0, 'neither', 0)
    assert.equal(here.state(0, 0), 'closed')
  })

  it('lets exactly one attempt through when its open time is over, whichever worker asks', () => {
    const [here, there] = twoViews()
    fail(here, 4, 0)
    assert.equal(there.tryProbe(0, 29_999), undefined)
    assert.equal(here.state(0, 30_000), 'half_open')
    assert.notEqual(there.tryProbe(0, 30_000), undefined)
    assert.equal(here.tryProbe(0, 30_000), undefined)
    assert.equal(here.allows(0, 30_000), false)
  })

  it('closes after a good probe and forgets earlier attempts', () => {
    const [here, there] = twoViews()
    fail(here, 4, 25_000)
    const probe = there.tryProbe(0, 55_000) as number
    there.probeEnded(0, probe, 'good', 55_010)
    assert.deepEqual([here.state(0, 55_010), here.allows(0, 55_010)], ['closed', true])
    fail(here, 3, 55_020)
    assert.equal(here.state(0, 55_020), 'closed')
  })

  it('opens again after a bad probe, for as long as the first time', () => {
    const [here, there] = twoViews()
    fail(here, 4, 0)
    there.probeEnded(0, there.tryProbe(0, 30_000) as number, 'bad', 31_000)
    assert.equal(here.allows(0, 60_999), false)
    assert.equal(here.allows(0, 61_000), true)
  })

  it('probes with the next attempt when others ended the probe', () => {
    const [here, there] = twoViews()
    fail(here, 4, 0)
    there.probeEnded(0, there.tryProbe(0, 30_000) as number, 'neither', 30_010)
    assert.notEqual(here.tryProbe(0, 30_010), undefined)
  })

  it('probes again when the worker of the probe has died, and ignores the dead worker', () => {
    const [here, there] = twoViews()
    fail(here, 4, 0)
    const lost = there.tryProbe(0, 30_000) as number
    assert.equal(here.tryProbe(0, 89_999), undefined)
    const probe = here.tryProbe(0, 90_000) as number
    there.probeEnded(0, lost, 'good', 90_001)
    assert.equal(here.state(0, 90_001), 'half_open')
    here.probeEnded(0, probe, 'good', 90_002)
    assert.equal(there.state(0, 90_002), 'closed')
  })

  it('has at most one probe at a time and never stays open for good, whatever happens', () => {
    const step = fc.record({
      worker: fc.constantFrom(0, 1),
      afterMs: fc.nat(20_000),
      what: fc.constantFrom('good', 'bad', 'neither', 'begin', 'endGood', 'endBad', 'endNeither'),
    })
    const verdicts = { endGood: 'good', endBad: 'bad', endNeither: 'neither' } as const
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const views = twoViews()
        let nowMs = 0
        let probe: { readonly worker: number; readonly word: number; readonly atMs: number } | undefined
        for (const { worker, afterMs, what } of steps) {
          nowMs += afterMs
          const breakers = views[worker]
          if (probe !== undefined && nowMs - probe.atMs >= 60_000) probe = undefined
          if (what === 'good' || what === 'bad' || what === 'neither') breakers.note(0, what, nowMs)
          else if (what === 'begin') {
            const word = breakers.isClosed(0) ? undefined : breakers.tryProbe(0, nowMs)
            if (word === undefined) continue
            assert.equal(probe, undefined, 'two probes at a time')
            probe = { worker, word, atMs: nowMs }
          } else if (probe !== undefined) {
            views[probe.worker as 0 | 1].probeEnded(0, probe.word, verdicts[what], nowMs)
            probe = undefined
          }
        }
        // After all this, one good probe closes it.
        nowMs += 60_000
        if (views[0].isClosed(0)) return
        const word = views[0].tryProbe(0, nowMs)
        assert.notEqual(word, undefined)
        views[0].probeEnded(0, word as number, 'good', nowMs)
        assert.equal(views[1].state(0, nowMs), 'closed')
      }),
    )
  })
})
