import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { someTerms } from '../../test/kit/callbacks.ts'
import { settled } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import { Waiters } from './waiter.ts'

const outcome = failed(failure('DEADLINE', 'over'))

function factsOf(id: string) {
  return { id, route: 'GET /a', startedAtMs: 0, expiresAtMs: 5000, terms: someTerms }
}

function opened(...ids: readonly string[]) {
  const waiters = new Waiters()
  const told: string[] = []
  for (const id of ids) waiters.register(factsOf(id), (_outcome, as) => told.push(`${id} ${as}`))
  const end = (id: string, as: 'answered' | 'refused' | 'timedOut' | 'gone'): void => {
    const waiter = waiters.find(id)
    assert.ok(waiter !== undefined)
    waiters.end(waiter, as, outcome)
  }
  return { waiters, told, end }
}

describe('waiters', () => {
  it('are found by their id until they end, each on its own', () => {
    const { waiters, told, end } = opened('a', 'b', 'c')
    assert.equal(waiters.count, 3)
    end('b', 'answered')
    assert.deepEqual([waiters.count, waiters.find('b'), told], [2, undefined, ['b answered']])
    assert.equal(waiters.find('a')?.facts.id, 'a')
    assert.equal(waiters.find('x'), undefined)
  })

  it('are listed from the oldest, up to the limit', () => {
    const { waiters, end } = opened('a', 'b', 'c')
    end('a', 'gone')
    waiters.register(factsOf('d'), () => {})
    assert.deepEqual(
      waiters.list(2).map(({ facts }) => facts.id),
      ['b', 'c'],
    )
    assert.equal(waiters.list(10).length, 3)
  })

  it('are quiet when there are none, and notify all callers when the last has ended', async () => {
    const { waiters, end } = opened('a', 'b')
    await new Waiters().quiet()
    let told = 0
    for (let n = 0; n < 2; n++) void waiters.quiet().then(() => told++)
    end('a', 'answered')
    await settled()
    assert.equal(told, 0)
    end('b', 'timedOut')
    await settled()
    assert.equal(told, 2)
    await waiters.quiet()
  })
})
