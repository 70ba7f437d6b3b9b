import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { callOf, codeOf, failureOf, requestOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { hang, layerBench } from '../../../test/kit/layers.ts'
import { settled, streamsSettled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { isHeld } from '../../core/body.ts'
import { failure } from '../../core/failure.ts'
import { succeeded } from '../../core/outcome.ts'
import { ownResponse } from '../../core/response.ts'
import type { Layer } from '../../core/service.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { concurrencyLimit, concurrencyLimiter, type LimitOwner } from './concurrency-limit.ts'
import type { ConcurrencyLimiter } from './limiter.ts'
import { concurrencyOptions } from './options.ts'

type Options = z.input<typeof concurrencyOptions>

function limited(
  options: Options,
  script: readonly Script[] | ((index: number) => Script),
  inside?: Layer,
  whose: LimitOwner = 'route',
) {
  let limiter: ConcurrencyLimiter | undefined
  const bench = layerBench((clock) => {
    const made = concurrencyLimiter(concurrencyOptions.parse(options), new SharedMemory(), clock)
    limiter = made
    return (next) => concurrencyLimit(made, whose, 5, clock)(inside?.(next) ?? next)
  }, script)
  return { ...bench, figures: () => limiter?.figures() ?? assert.fail() }
}

const free = { limit: 1, inFlight: 0, queued: 0 }

describe('concurrencyLimit', () => {
  it('sheds a call without slot or queue position at once, and reports it', async () => {
    const { clock, send, figures } = limited({ limit: 1, queue: 0 }, [{ afterMs: 50 }, hang])
    const first = send()
    const { answer, events } = send()
    await settled()
    assert.equal(failureOf(answer.outcome).code, 'OVERLOADED')
    assert.deepEqual([answer.settledMs, events], [0, [{ type: 'call.shed', reason: 'full' }]])
    await clock.advance(50)
    assert.equal(codeOf(first.answer.outcome), 'ok')
    assert.deepEqual(figures(), free)
  })

  it('admits a waiting call when a slot is free, and sheds it when none comes', async () => {
    const { clock, send, upstream } = limited({ limit: 1, queueTime: '100ms' }, [{ afterMs: 50 }, hang])
    send()
    const [second, third] = [send(), send()]
    await clock.advance(100)
    assert.deepEqual(
      upstream.seen.map(({ sentMs }) => sentMs),
      [0, 50],
    )
    assert.equal(second.answer.outcome, undefined)
    assert.equal(codeOf(third.answer.outcome), 'OVERLOADED')
    assert.deepEqual(third.events, [{ type: 'call.shed', reason: 'waited' }])
  })

  for (const whose of ['route', 'gateway'] as const) {
    it(`reports that it was the limit of the ${whose}`, async () => {
      const { send } = limited({ limit: 1, queue: 0 }, [hang], undefined, whose)
      send()
      const { answer } = send()
      await settled()
      const { detail } = failureOf(answer.outcome)
      assert.equal(detail, `The ${whose} has reached its limit of calls in flight, and its queue is full`)
    })
  }

  it('records on the call how long it waited, however the wait ended', async () => {
    const { clock, send } = limited({ limit: 1, queueTime: '1s' }, [{ afterMs: 50 }, hang])
    const [first, second, third] = [send(), send(), send()]
    await clock.advance(80)
    assert.deepEqual([first.call.queuedMs, second.call.queuedMs, third.call.queuedMs], [0, 50, 80])
    third.call.abort(failure('CLIENT_GONE', 'gone'))
    await clock.advance(10)
    assert.deepEqual([second.call.queuedMs, third.call.queuedMs], [50, 80])
  })

  for (const code of ['CLIENT_GONE', 'DEADLINE'] as const) {
    it(`ends the wait with ${code}, and does not count it as shed`, async () => {
      const { send, figures } = limited({ limit: 1 }, [hang])
      send()
      const { answer, call, events } = send()
      await settled()
      assert.equal(figures().queued, 1)
      call.abort(failure(code, 'over'))
      await settled()
      assert.equal(codeOf(answer.outcome), code)
      assert.deepEqual([events, figures().queued], [[], 0])
    })
  }

  it('holds the slot of a streamed answer until its body is over', async () => {
    const { clock, send, figures } = limited({ limit: 1, queue: 0 }, [{ afterMs: 10, bodyAfterMs: 100, body: 'x' }])
    const { answer } = send()
    await clock.advance(20)
    assert.ok(answer.outcome?.ok && !isHeld(answer.outcome.response.body))
    assert.equal(figures().inFlight, 1)
    const ended = Promise.withResolvers<void>()
    answer.outcome.response.body.pipe({ write: () => true, end: () => ended.resolve(), fail: () => ended.reject() })
    await clock.runAll()
    await ended.promise
    assert.deepEqual(figures(), free)
  })

  it('does not lower the limit after a pause of the gateway', async () => {
    const { clock, send, figures } = limited({ limit: 'adaptive', min: 10, max: 100 }, () => ({ afterMs: 10 }))
    const rounds = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < 8; j++) send()
        await clock.advance(50)
      }
    }
    await rounds(100)
    for (let i = 0; i < 10; i++) send()
    clock.stall(3000)
    const { limit } = figures()
    await clock.advance(0)
    await rounds(2)
    assert.ok(figures().limit >= limit, `${figures().limit}, before ${limit}`)
  })

  it('frees the slot if the body is discarded or breaks off', async () => {
    const { clock, send, figures } = limited({ limit: 2, queue: 0 }, () => ({
      afterMs: 10,
      bodyAfterMs: 100,
      body: 'x',
    }))
    const [unwanted, broken] = [send(), send()]
    await clock.advance(20)
    for (const { answer } of [unwanted, broken]) assert.ok(answer.outcome?.ok && !isHeld(answer.outcome.response.body))
    const bodyOf = ({ answer }: typeof broken) => {
      assert.ok(answer.outcome?.ok && !isHeld(answer.outcome.response.body) && answer.outcome.response.body)
      return answer.outcome.response.body
    }
    bodyOf(unwanted).discard()
    assert.equal(figures().inFlight, 1)
    const failed = Promise.withResolvers<void>()
    bodyOf(broken).pipe({ write: () => true, end: () => {}, fail: () => failed.resolve() })
    broken.call.abort(failure('CLIENT_GONE', 'gone'))
    await clock.runAll()
    await failed.promise
    assert.equal(figures().inFlight, 0)
  })

  it('holds the slot of an upgraded connection until it closes', async () => {
    const socket = new Duplex({ read: () => {} })
    const upgrading: Layer = () => async () => succeeded({ ...ownResponse(101, [], undefined), upgraded: socket })
    const { send, figures } = limited({ limit: 1, queue: 0 }, [], upgrading)
    send()
    await settled()
    assert.equal(figures().inFlight, 1)
    socket.destroy()
    await streamsSettled()
    assert.deepEqual(figures(), free)
  })

  it('frees the slot of a call that failed', async () => {
    const { clock, send, figures } = limited({ limit: 1 }, [{ afterMs: 5, fails: 'UPSTREAM_RESET' }])
    send()
    await clock.advance(10)
    assert.deepEqual(figures(), free)
  })

  it('frees the slot of a call that threw an exception', async () => {
    const clock = new VirtualClock()
    const limiter = concurrencyLimiter(concurrencyOptions.parse({ limit: 1 }), new SharedMemory(), clock)
    const service = concurrencyLimit(limiter, 'route', 5, clock)(() => Promise.reject(new Error('planned')))
    await assert.rejects(service(requestOf(), callOf(clock).call), /planned/)
    assert.deepEqual(limiter.figures(), free)
  })
})
