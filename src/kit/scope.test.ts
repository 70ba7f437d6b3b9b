import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AbortListener } from '../core/abort.ts'
import { failure } from '../core/failure.ts'
import { Scope } from './scope.ts'

const gone = failure('CLIENT_GONE', 'gone')
const late = failure('DEADLINE', 'late')

function listeners(count: number) {
  const told: string[] = []
  const list: readonly AbortListener[] = Array.from({ length: count }, (_, i) => ({
    onAbort: ({ code }) => told.push(`${i} ${code}`),
  }))
  return { told, list }
}

describe('Scope', () => {
  it('has no reason until it is aborted, and keeps the first one', () => {
    const scope = new Scope()
    assert.equal(scope.reason, undefined)
    scope.onAbort(gone)
    scope.onAbort(late)
    assert.equal(scope.reason, gone)
  })

  it('notifies each listener once, in the order in which they were added', () => {
    const scope = new Scope()
    const { told, list } = listeners(4)
    for (const listener of list) scope.add(listener)
    scope.onAbort(gone)
    scope.onAbort(late)
    assert.deepEqual(told, ['0 CLIENT_GONE', '1 CLIENT_GONE', '2 CLIENT_GONE', '3 CLIENT_GONE'])
  })

  it('notifies a listener added after the abort immediately', () => {
    const scope = new Scope()
    const { told, list } = listeners(1)
    scope.onAbort(gone)
    scope.add(list[0] as AbortListener)
    assert.deepEqual(told, ['0 CLIENT_GONE'])
  })

  for (const removed of [0, 1, 2]) {
    it(`does not notify listener ${removed} of three after its removal`, () => {
      const scope = new Scope()
      const { told, list } = listeners(3)
      for (const listener of list) scope.add(listener)
      scope.remove(list[removed] as AbortListener)
      scope.onAbort(gone)
      assert.deepEqual(
        told,
        [0, 1, 2].filter((i) => i !== removed).map((i) => `${i} CLIENT_GONE`),
      )
    })
  }

  it('ignores the removal of an unknown listener', () => {
    const scope = new Scope()
    const { told, list } = listeners(2)
    scope.add(list[0] as AbortListener)
    scope.remove(list[1] as AbortListener)
    scope.onAbort(gone)
    scope.remove(list[0] as AbortListener)
    assert.deepEqual(told, ['0 CLIENT_GONE'])
  })

  it('skips a listener that another one removes during notification', () => {
    const scope = new Scope()
    const { told, list } = listeners(2)
    scope.add({ onAbort: () => scope.remove(list[1] as AbortListener) })
    for (const listener of list) scope.add(listener)
    scope.onAbort(gone)
    assert.deepEqual(told, ['0 CLIENT_GONE'])
  })

  it('as a child of another scope, propagates aborts down and not up', () => {
    const [above, below, beside] = [new Scope(), new Scope(), new Scope()]
    above.add(below)
    above.add(beside)
    below.onAbort(late)
    assert.deepEqual([above.reason, below.reason, beside.reason], [undefined, late, undefined])
    above.onAbort(gone)
    assert.deepEqual([below.reason, beside.reason], [late, gone])
  })
})
