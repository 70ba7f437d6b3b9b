import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { someTerms } from '../../test/kit/callbacks.ts'
import { failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import { Waiter, type WaiterState } from './waiter.ts'

const facts = { id: 'a', route: 'GET /a', startedAtMs: 0, expiresAtMs: 5000, terms: someTerms }
const outcome = failed(failure('DEADLINE', 'over'))
const ends = ['answered', 'refused', 'timedOut', 'gone'] as const
const states: readonly WaiterState[] = ['registered', 'acknowledged', ...ends]

/** A waiter in the given state, and the outcomes that its client got. */
function waiterIn(state: WaiterState) {
  const told: unknown[][] = []
  const waiter = new Waiter(facts, (...args) => told.push(args))
  if (state === 'acknowledged') waiter.acknowledge()
  else if (state !== 'registered') waiter.end(state, outcome)
  return { waiter, told }
}

function move(waiter: Waiter, to: WaiterState): void {
  if (to === 'acknowledged') waiter.acknowledge()
  else if (to !== 'registered') waiter.end(to, outcome)
}

describe('a waiter', () => {
  it('starts registered and open, and has settled nothing', () => {
    const { waiter, told } = waiterIn('registered')
    assert.deepEqual([waiter.state, waiter.isOpen, told], ['registered', true, []])
    assert.equal(waiter.facts, facts)
  })

  it('that is acknowledged still waits', () => {
    const { waiter, told } = waiterIn('acknowledged')
    assert.deepEqual([waiter.state, waiter.isOpen, told], ['acknowledged', true, []])
  })

  for (const from of ['registered', 'acknowledged'] as const) {
    for (const to of ends) {
      it(`that is ${from} may become ${to}, and settles once`, () => {
        const { waiter, told } = waiterIn(from)
        waiter.end(to, outcome)
        assert.deepEqual([waiter.state, waiter.isOpen], [to, false])
        assert.deepEqual(told, [[outcome, to]])
      })
    }
  }

  for (const from of states) {
    for (const to of states) {
      const isAllowed = from === 'registered' || (from === 'acknowledged' && to !== 'acknowledged')
      if (isAllowed || to === 'registered') continue
      it(`that is ${from} cannot become ${to}`, () => {
        const { waiter, told } = waiterIn(from)
        const before = told.length
        assert.throws(() => move(waiter, to), new Error(`a waiter that is ${from} cannot become ${to}`))
        assert.deepEqual([waiter.state, told.length], [from, before])
      })
    }
  }

  it('has ended before it settles, so that the callback cannot end it again', () => {
    const waiter: Waiter = new Waiter(facts, () => assert.throws(() => waiter.end('gone', outcome)))
    waiter.end('answered', outcome)
    assert.equal(waiter.state, 'answered')
  })
})
