import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Scale } from './autoscale.ts'

function times(count: number, judge: () => string): readonly string[] {
  return Array.from({ length: count }, judge)
}

describe('Scale', () => {
  it('adds a worker after all were busy for three seconds, then waits to see the effect', () => {
    const scale = new Scale({ min: 1, max: 4 })
    assert.deepEqual(
      times(7, () => scale.judge([0.9, 0.8])),
      ['stay', 'stay', 'add', 'stay', 'stay', 'add', 'stay'],
    )
  })

  it('ignores a burst', () => {
    const scale = new Scale({ min: 1, max: 4 })
    for (const share of [1, 1, 0.2, 1, 1, 0.2]) assert.equal(scale.judge([share]), 'stay')
  })

  it('ends a worker after the others could have done its work for half a minute', () => {
    const scale = new Scale({ min: 1, max: 4 })
    assert.equal(times(30, () => scale.judge([0.1, 0.1, 0.1])).indexOf('end'), 29)
    assert.equal(times(100, () => scale.judge([0.5, 0.5])).includes('end'), false)
  })

  it('stays between min and max, and ends no worker that would be added again', () => {
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(4), shares, (min, more, utilisations) => {
        const scale = new Scale({ min, max: min + more })
        for (let second = 0; second < 40; second++) {
          const judgement = scale.judge(utilisations)
          if (judgement === 'add') assert.ok(utilisations.length < min + more)
          if (judgement === 'end') assert.ok(utilisations.length > min)
          if (judgement !== 'end') continue
          const sum = utilisations.reduce((total, share) => total + share, 0)
          assert.ok(sum / (utilisations.length - 1) < 0.7)
        }
      }),
    )
  })
})
