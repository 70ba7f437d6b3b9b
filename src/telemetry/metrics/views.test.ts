import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ViewOptions } from './options.ts'
import { viewFacts, viewSamples } from './views.ts'

const samples = [
  { labels: { upstream: 'a', target: 'one', outcome: 'success' }, value: 1 },
  { labels: { upstream: 'a', target: 'one', outcome: 'refused' }, value: 2 },
  { labels: { upstream: 'b', target: 'one', outcome: 'reset' }, value: 4 },
  { labels: { upstream: 'b', target: 'two', outcome: 'success' }, value: 8 },
]
const all: ViewOptions = { name: 'sum', from: 'hedgerow_attempts_total', where: {}, labels: {} }

describe('a view', () => {
  it('adds up all series where it keeps no label', () => {
    assert.deepEqual(viewSamples(all, samples), [{ labels: {}, value: 15 }])
  })

  it('adds up what differs in labels that it does not keep, and gives the others new names', () => {
    assert.deepEqual(viewSamples({ ...all, labels: { domain: 'target' } }, samples), [
      { labels: { domain: 'one' }, value: 7 },
      { labels: { domain: 'two' }, value: 8 },
    ])
  })

  it('takes the series that have one of the values asked for', () => {
    const where = { outcome: ['refused', 'reset'], upstream: 'b' }
    assert.deepEqual(viewSamples({ ...all, where }, samples), [{ labels: {}, value: 4 }])
    assert.deepEqual(viewSamples({ ...all, where: { outcome: 'timeout' } }, samples), [{ labels: {}, value: 0 }])
  })

  it('tells in its help how it is made, unless it is told what to say', () => {
    const view = { ...all, where: { outcome: ['refused', 'reset'] }, labels: { domain: 'target' } }
    const told = 'Sum of hedgerow_attempts_total where outcome is refused or reset, by target.'
    assert.deepEqual(viewFacts(view), { type: 'counter', help: told })
    assert.equal(viewFacts({ ...view, help: 'Failures.' }).help, 'Failures.')
  })
})
