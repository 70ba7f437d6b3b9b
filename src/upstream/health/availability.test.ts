import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { availabilityOf, type Condition } from './availability.ts'

const well: Condition = { isEjected: false, isUnhealthy: false, restsUntilMs: 0, breakerAllows: true }
const ejected = { ...well, isEjected: true }
const unhealthy = { ...well, isUnhealthy: true }
const resting = { ...well, restsUntilMs: 1000 }
const open = { ...well, breakerAllows: false }

/** Indexes of the targets available at 100 ms; `!` marks panic, when all targets are used. */
function shown(conditions: readonly Condition[], panicShare = 0.5): string {
  const { available, isPanicking } = availabilityOf(conditions, panicShare, 100)
  return available.map((one) => (one ? '1' : '0')).join('') + (isPanicking ? '!' : '')
}

describe('availabilityOf', () => {
  it('leaves out ejected, unhealthy and resting targets, and open breakers', () => {
    assert.equal(shown([well, ejected, well, well, well]), '10111')
    assert.equal(shown([well, unhealthy, resting, open, well, well]), '100011')
  })

  it('uses all targets when fewer than half are healthy', () => {
    assert.equal(shown([well, ejected, unhealthy, unhealthy]), '1111!')
    assert.equal(shown([well, well, unhealthy, unhealthy]), '1100')
    assert.equal(shown([unhealthy]), '1!')
  })

  it('uses no target when none is healthy and the threshold is 0 %', () => {
    assert.equal(shown([unhealthy, unhealthy], 0), '00')
    assert.equal(shown([well, unhealthy, unhealthy], 0), '100')
  })

  it('does not send to an open breaker even in panic', () => {
    assert.equal(shown([open, unhealthy, unhealthy]), '011!')
    assert.equal(shown([open, open]), '00')
  })

  it('uses unhealthy targets when all others have an open breaker', () => {
    assert.equal(shown([open, open, open, ejected]), '0001!')
  })

  it('grants a rest in panic too, unless all rest: the one whose rest ends first serves', () => {
    assert.equal(shown([resting, unhealthy, unhealthy]), '011!')
    assert.equal(shown([{ ...resting, restsUntilMs: 2000 }, resting, open]), '010')
  })

  it('forgets a rest that is over', () => {
    assert.equal(shown([{ ...well, restsUntilMs: 100 }, well]), '11')
  })

  it('always leaves a target while a breaker allows it and panic is allowed', () => {
    const condition = fc.record({
      isEjected: fc.boolean(),
      isUnhealthy: fc.boolean(),
      restsUntilMs: fc.nat(1000),
      breakerAllows: fc.boolean(),
    })
    const conditions = fc.array(condition, { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(conditions, fc.constantFrom(0, 0.01, 0.5, 1), fc.nat(1000), (all, panicShare, nowMs) => {
        const { available } = availabilityOf(all, panicShare, nowMs)
        assert.ok(available.every((one, index) => !one || all[index]?.breakerAllows))
        const isPossible = all.some(
          ({ breakerAllows, isEjected, isUnhealthy }) =>
            breakerAllows && (panicShare > 0 || (!isEjected && !isUnhealthy)),
        )
        assert.equal(available.includes(true), isPossible)
      }),
    )
  })
})
