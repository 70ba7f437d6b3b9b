import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { attempt, call } from '../../../test/browser/fake-data.ts'
import { scaleOf } from './scale.ts'

describe('the scale of a waterfall', () => {
  it('fits all events into its width, with few enough ticks for their labels', () => {
    const milliseconds = fc.double({ min: 0, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(
        milliseconds,
        milliseconds,
        milliseconds,
        fc.integer({ min: 200, max: 2000 }),
        (start, took, rest, width) => {
          const attempts = [attempt(1, { startedMs: start, endedMs: start + took })]
          const scale = scaleOf(call({ attempts, durationMs: start + rest, deadlineMs: undefined }), width)
          for (const ms of [0, start, start + took, start + rest]) assert.ok(scale.at(ms) >= 0 && scale.at(ms) <= width)
          assert.ok(scale.at(start) <= scale.at(start + took))
          assert.ok(scale.ticks.length <= width / 80 + 2, `${scale.ticks.length} ticks on ${width} px`)
        },
      ),
    )
  })

  it('labels its ticks so that no two are the same', () => {
    const duration = fc.double({ min: 0.001, max: 1e7, noNaN: true })
    fc.assert(
      fc.property(duration, fc.integer({ min: 200, max: 2000 }), (durationMs, width) => {
        const { ticks, tickText } = scaleOf(call({ attempts: [], durationMs, deadlineMs: undefined }), width)
        assert.equal(new Set(ticks.map(tickText)).size, ticks.length, ticks.map(tickText).join(', '))
      }),
    )
    const { ticks, tickText } = scaleOf(call({ attempts: [], durationMs: 2.9, deadlineMs: undefined }), 500)
    assert.deepEqual(ticks.map(tickText), ['0 ms', '0.5 ms', '1 ms', '1.5 ms', '2 ms', '2.5 ms'])
  })

  it('shows a deadline that is near', () => {
    const scale = scaleOf(call({ durationMs: 800, deadlineMs: 1000 }), 510)
    assert.equal(scale.deadlineMs, 1000)
    assert.equal(Math.round(scale.at(1000)), 500)
  })

  it('labels no tick that the label of the deadline would touch', () => {
    const narrow = scaleOf(call({ durationMs: 651, deadlineMs: 650, attempts: [] }), 325)
    assert.equal(narrow.deadlineText, 'deadline 650 ms')
    assert.deepEqual(narrow.ticks.filter(narrow.isLabelled).map(narrow.tickText), ['0 ms', '200 ms'])
    const wide = scaleOf(call({ durationMs: 651, deadlineMs: 650, attempts: [] }), 1000)
    assert.deepEqual(wide.ticks.filter(wide.isLabelled).map(wide.tickText).at(-1), '500 ms')
  })

  it('omits a deadline that would squeeze everything else', () => {
    assert.equal(scaleOf(call({ durationMs: 100, deadlineMs: 10_000 }), 500).deadlineMs, undefined)
  })

  it('has a width even for a call that took no time', () => {
    assert.ok(scaleOf(call({ durationMs: 0, attempts: [], deadlineMs: undefined }), 500).endMs > 0)
  })
})
