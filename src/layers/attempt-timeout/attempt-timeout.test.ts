import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, failureOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { atTarget, hang, served } from '../../../test/kit/layers.ts'
import { failure } from '../../core/failure.ts'
import { attemptTimeout } from './attempt-timeout.ts'

function limited(script: Script) {
  return served((clock) => atTarget(attemptTimeout(100, clock)), [script])
}

describe('attemptTimeout', () => {
  it('lets an answer in time through and cancels its timer', async () => {
    const { clock, answer } = limited({ afterMs: 99 })
    await clock.advance(99)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.equal(clock.pendingCount, 0)
  })

  it('fails a slow attempt, and aborts it but not the call', async () => {
    const { clock, upstream, call, answer } = limited(hang)
    await clock.advance(100)
    assert.deepEqual([codeOf(answer.outcome), answer.settledMs], ['UPSTREAM_TIMEOUT', 100])
    assert.equal(upstream.seen[0]?.aborted?.code, 'UPSTREAM_TIMEOUT')
    assert.equal(call.scope.reason, undefined)
    assert.equal(upstream.openCount, 0)
  })

  it('extends the timeout by the time that the gateway stalled', async () => {
    const { clock, answer } = limited({ afterMs: 2060 })
    await clock.advance(50)
    clock.stall(2000)
    await clock.advance(10)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.equal(clock.pendingCount, 0)
  })

  it('names the target and the time', async () => {
    const { clock, answer } = served((clock) => atTarget(attemptTimeout(100, clock), 'b1'), [hang])
    await clock.advance(100)
    assert.equal(failureOf(answer.outcome).detail, 'b1: no answer within 100 ms')
  })

  it('covers only the head: a body may stream for longer', async () => {
    const { clock, upstream, answer } = limited({ afterMs: 50, bodyAfterMs: 500 })
    await clock.advance(300)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.equal(upstream.openCount, 1)
    await clock.advance(300)
    assert.deepEqual([upstream.openCount, upstream.seen[0]?.aborted], [0, undefined])
  })

  it('passes an abort of the call on to the attempt, also while its body streams', async () => {
    for (const script of [hang, { afterMs: 10, bodyAfterMs: 500 }]) {
      const { clock, upstream, call } = limited(script)
      await clock.advance(50)
      call.abort(failure('CLIENT_GONE', 'gone'))
      await clock.advance(0)
      assert.equal(upstream.seen[0]?.aborted?.code, 'CLIENT_GONE')
      assert.equal(clock.pendingCount, 0)
    }
  })

  it('keeps the kind of the attempt', async () => {
    const { upstream, call, clock } = limited({ afterMs: 1 })
    await clock.advance(1)
    assert.equal(upstream.seen[0]?.call.kind, call.kind)
  })
})
