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
  it('sums all series if it keeps no label', () => {
    assert.deepEqual(viewSamples(all, samples), [{ labels: {}, value: 15 }])
  })

  it('sums over labels that it drops, and renames the others', () => {
    assert.deepEqual(viewSamples({ ...all, labels: { domain: 'target' } }, samples), [
      { labels: { domain: 'one' }, value: 7 },
      { labels: { domain: 'two' }, value: 8 },
    ])
  })

  it('selects the series with one of the given values', () => {
    const where = { outcome: ['refused', 'reset'], upstream: 'b' }
    assert.deepEqual(viewSamples({ ...all, where }, samples), [{ labels: {}, value: 4 }])
    assert.deepEqual(viewSamples({ ...all, where: { outcome: 'timeout' } }, samples), [{ labels: {}, value: 0 }])
  })

  it('describes itself in its help, unless the help is configured', () => {
    const view = { ...all, where: { outcome: ['refused', 'reset'] }, labels: { domain: 'target' } }
    const told = 'Sum of hedgerow_attempts_total where outcome is refused or reset, by target.'
    assert.deepEqual(viewFacts(view), { type: 'counter', help: told })
    assert.equal(viewFacts({ ...view, help: 'Failures.' }).help, 'Failures.')
  })
})
