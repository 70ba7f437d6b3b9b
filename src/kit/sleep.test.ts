import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled, VirtualClock } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { Scope } from './scope.ts'
import { sleep } from './sleep.ts'

const gone = failure('CLIENT_GONE', 'gone')

function sleeping(delayMs: number, scope = new Scope()) {
  const clock = new VirtualClock()
  const woken: number[] = []
  void sleep(delayMs, clock, scope).then(() => woken.push(clock.now()))
  return { clock, scope, woken }
}

describe('sleep', () => {
  it('ends after the delay and not earlier', async () => {
    const { clock, woken } = sleeping(100)
    await clock.advance(99)
    assert.deepEqual(woken, [])
    await clock.advance(1)
    assert.deepEqual(woken, [100])
    assert.equal(clock.pendingCount, 0)
  })

  it('ends at once when its scope is aborted, and leaves no timer', async () => {
    const { clock, scope, woken } = sleeping(100)
    await clock.advance(30)
    scope.onAbort(gone)
    await settled()
    assert.deepEqual(woken, [30])
    assert.equal(clock.pendingCount, 0)
  })

  it('does not start in a scope that is already aborted', async () => {
    const scope = new Scope()
    scope.onAbort(gone)
    const { clock, woken } = sleeping(100, scope)
    await settled()
    assert.deepEqual(woken, [0])
    assert.equal(clock.pendingCount, 0)
  })

  it('leaves no listener behind when it ends by itself', async () => {
    const scope = new Scope()
    let listening = 0
    const { add, remove } = scope
    scope.add = (listener) => {
      listening++
      add.call(scope, listener)
    }
    scope.remove = (listener) => {
      listening--
      remove.call(scope, listener)
    }
    const { clock } = sleeping(100, scope)
    assert.equal(listening, 1)
    await clock.advance(100)
    assert.equal(listening, 0)
  })
})
