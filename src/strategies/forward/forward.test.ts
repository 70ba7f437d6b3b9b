import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { failureOf, responseOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { hang, served } from '../../../test/kit/layers.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { anyExtraLoad } from '../../kit/budgets.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { forwardStrategy } from './forward.ts'

function forwarded(script: Script, request: Partial<GatewayRequest> = {}) {
  const options = forwardStrategy.options.parse({ upstream: 'work' })
  return served(
    (clock) => {
      const deps = { clock, memory: new SharedMemory(), extraLoad: () => anyExtraLoad }
      const { attempts } = forwardStrategy.plan(options, deps)
      if (attempts.kind !== 'line') throw new Error('forward has one line')
      return attempts.layer
    },
    [script],
    request,
  )
}

describe('forward', () => {
  it('sends one attempt with the same request, including a streamed body', async () => {
    const body = Readable.from(['x'])
    const { clock, upstream } = forwarded({ afterMs: 10 }, { method: 'POST', body })
    await clock.advance(1000)
    assert.equal(upstream.seen.length, 1)
    assert.equal(upstream.seen[0]?.request.body, body)
    assert.equal(upstream.seen[0]?.call.kind, 'first')
  })

  for (const status of [200, 204, 301, 404, 500, 503]) {
    it(`returns the answer unchanged: ${status}`, async () => {
      const { clock, upstream, answer } = forwarded({ afterMs: 10, status, headers: ['x', 'y'], bodyAfterMs: 100 })
      await clock.advance(10)
      const response = responseOf(answer.outcome)
      assert.deepEqual([response.status, response.headers], [status, ['x', 'y']])
      assert.deepEqual([upstream.openCount, upstream.seen[0]?.discarded], [1, false])
    })
  }

  it('returns a failure unchanged', async () => {
    const { clock, answer } = forwarded({ afterMs: 10, fails: 'UPSTREAM_REFUSED' })
    await clock.advance(10)
    assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_REFUSED')
  })

  for (const script of [hang, { afterMs: 10, bodyAfterMs: 1000 }]) {
    it(`aborts its attempt with the call${script === hang ? '' : ', also while its body streams'}`, async () => {
      const { clock, upstream, call } = forwarded(script)
      await clock.advance(50)
      call.abort(failure('CLIENT_GONE', 'gone'))
      assert.equal(upstream.seen[0]?.aborted?.code, 'CLIENT_GONE')
      assert.equal(clock.pendingCount, 0)
    })
  }
})

describe('the plan of forward', () => {
  function planOf(options: object = {}) {
    return forwardStrategy.plan(forwardStrategy.options.parse({ upstream: 'work', ...options }), {
      clock: new VirtualClock(),
      memory: new SharedMemory(),
      extraLoad: () => anyExtraLoad,
    })
  }

  it('streams the request body, unless it may be sent again or the route limits it', () => {
    assert.deepEqual(planOf().body, { kind: 'streamed' })
    assert.deepEqual(planOf({ retry: {} }).body, { kind: 'held', maxBytes: 1024 * 1024 })
    assert.deepEqual(planOf({ retry: {}, bodyLimit: '2KiB' }).body, { kind: 'held', maxBytes: 2048 })
    assert.deepEqual(planOf({ bodyLimit: '2KiB' }).body, { kind: 'held', maxBytes: 2048 })
  })

  it('counts any status under 500 as good, and still passes on the others', () => {
    const { goodStatus, answer } = planOf()
    assert.deepEqual(goodStatus, [{ from: 100, to: 499 }])
    assert.deepEqual(answer, { kind: 'passed', upgrades: true, maxBytes: 10 * 1024 * 1024 })
  })
})
