import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callFigures, liveFigures, overview } from '../../test/browser/fake-data.ts'
import { appended, isFigures, isOverview, joined, keptSeconds, successShare, sumOf } from './figures.ts'

const total = callFigures({ calls: 10, failed: 2, extraLoad: 0.5, rescued: 1, failures: { DEADLINE: 2 } })
describe('figures', () => {
  it('keeps ten minutes, and drops the oldest first', () => {
    let history = [liveFigures(0)] as readonly ReturnType<typeof liveFigures>[]
    for (let second = 1; second <= 700; second++) history = appended(history, liveFigures(second))
    assert.equal(history.length, keptSeconds)
    assert.equal(history[0]?.at, liveFigures(101).at)
  })

  it('counts a second once, even if it is sent twice', () => {
    const history = appended([liveFigures(1)], liveFigures(1, { total }))
    assert.deepEqual(history, [liveFigures(1, { total })])
  })

  it('fills a gap with the missed seconds, and counts none twice', () => {
    const missed = [2, 3, 4].map((second) => liveFigures(second))
    const history = joined(
      [1, 2].map((second) => liveFigures(second)),
      missed,
    )
    assert.deepEqual(
      history,
      [1, 2, 3, 4].map((second) => liveFigures(second)),
    )
  })

  it('adds up all calls, or those of a route that is missing in some seconds', () => {
    const history = [liveFigures(1, { total, routes: { 'GET /x': total } }), liveFigures(2, { total })]
    assert.deepEqual(sumOf(history), {
      seconds: 2,
      calls: 20,
      failed: 4,
      extra: 10,
      rescued: 2,
      failures: { DEADLINE: 4 },
    })
    assert.equal(sumOf(history, 'GET /x').calls, 10)
    assert.equal(sumOf(history, 'GET /y').calls, 0)
  })

  it('has no success share without calls', () => {
    assert.equal(successShare({ calls: 0, failed: 0 }), undefined)
    assert.equal(successShare({ calls: 4, failed: 1 }), 0.75)
  })

  it('does not mistake other answers for figures', () => {
    assert.ok(isFigures(JSON.parse(JSON.stringify(liveFigures(1)))))
    assert.ok(isOverview(JSON.parse(JSON.stringify(overview({ history: [liveFigures(1)] })))))
    for (const value of [undefined, null, 'login', [], {}, { at: 'now' }, { ...liveFigures(1), total: null }]) {
      assert.ok(!isFigures(value))
      assert.ok(!isOverview({ ...overview(), figures: value }))
      assert.ok(!isOverview({ ...overview(), history: [value] }))
    }
    assert.ok(!isOverview({ error: 'log in' }))
  })
})
