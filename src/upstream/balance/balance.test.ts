import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { callOf, codeOf, failureOf, requestOf, responseOf, targetOf } from '../../../test/kit/calls.ts'
import { FakeUpstream, type Script } from '../../../test/kit/fake-upstream.ts'
import { layerBench } from '../../../test/kit/layers.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { isHeld } from '../../core/body.ts'
import { failure } from '../../core/failure.ts'
import { succeeded } from '../../core/outcome.ts'
import type { Layer } from '../../core/service.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { attemptTelemetry } from '../../telemetry/attempt-telemetry.ts'
import { balance } from './balance.ts'
import { leastRequests } from './least-requests.ts'
import { allOf } from './rotation.ts'
import { roundRobin } from './round-robin.ts'
import { TargetLoad } from './target-load.ts'

/** Sends the request `count` times within one call. */
function times(count: number): Layer {
  return (next) => async (request, call) => {
    let outcome = await next(request, call)
    for (let i = 1; i < count; i++) outcome = await next(request, call.fork('retry'))
    return outcome
  }
}

function balanced(names: readonly string[], attempts: number) {
  const balancer = roundRobin(allOf(names.map((name) => targetOf(name))))
  return layerBench(
    () => (next) => times(attempts)(balance(balancer, 'work')(next)),
    () => ({ afterMs: 10 }),
  )
}

/** One target behind a load-aware balancer. */
function loaded(script: Script) {
  const target = targetOf('a')
  const clock = new VirtualClock()
  const load = new TargetLoad([target], clock, new SharedMemory())
  const balancer = leastRequests(allOf([target]), { random: () => 0, load })
  return {
    ...layerBench(
      () => balance(balancer, 'work'),
      () => script,
    ),
    load,
  }
}

describe('balance', () => {
  it('ignores the latency of an attempt that a gateway stall delayed', async () => {
    const target = targetOf('a')
    const clock = new VirtualClock()
    const load = new TargetLoad([target], clock, new SharedMemory())
    const balancer = leastRequests(allOf([target]), { random: () => 0, load })
    const telemetry = attemptTelemetry({ clock, statusCounts: () => true })
    const upstream = new FakeUpstream(clock, () => ({ afterMs: 10 }))
    const service = balance(balancer, 'work')(telemetry(upstream.service))
    const send = () => void service(requestOf(), callOf(clock).call)
    send()
    await clock.advance(10)
    const beforeMs = load.ewmaMs(0)
    send()
    await clock.advance(5)
    clock.stall(3000)
    await clock.advance(0)
    assert.equal(load.inFlight(0), 0)
    assert.ok(load.ewmaMs(0) <= beforeMs)
  })

  it('counts an attempt as in flight until its buffered answer has arrived', async () => {
    const { clock, load, send } = loaded({ afterMs: 10 })
    send()
    await clock.advance(9)
    assert.equal(load.inFlight(0), 1)
    await clock.advance(1)
    assert.equal(load.inFlight(0), 0)
  })

  it('counts an attempt as in flight until the last byte of a streamed answer', async () => {
    const { clock, load, send } = loaded({ afterMs: 10, bodyAfterMs: 500 })
    const { answer } = send()
    await clock.advance(509)
    assert.deepEqual([codeOf(answer.outcome), load.inFlight(0)], ['ok', 1])
    await clock.advance(1)
    assert.equal(load.inFlight(0), 0)
  })

  it('stops counting an attempt when the client disconnects or nobody wants the body', async () => {
    const { clock, load, send } = loaded({ afterMs: 10, bodyAfterMs: 500 })
    const [one, other] = [send(), send()]
    await clock.advance(10)
    one.call.abort(failure('CLIENT_GONE', 'gone'))
    assert.equal(load.inFlight(0), 1)
    const { body } = responseOf(other.answer.outcome)
    if (!isHeld(body)) body.discard()
    assert.deepEqual([load.inFlight(0), load.isFailing(0)], [0, false])
  })

  it('counts a body that breaks off as a failure of its target', async () => {
    const { clock, load, send } = loaded({ afterMs: 10, bodyAfterMs: 500, bodyFails: 'UPSTREAM_RESET' })
    send()
    await clock.advance(510)
    assert.deepEqual([load.inFlight(0), load.isFailing(0)], [0, true])
  })

  it('counts an upgraded connection as in flight until it closes', async () => {
    const target = targetOf('a')
    const clock = new VirtualClock()
    const load = new TargetLoad([target], clock, new SharedMemory())
    const upgraded = new PassThrough()
    const answer = succeeded({ status: 101, headers: [], body: undefined, attempt: undefined, upgraded })
    const balancer = leastRequests(allOf([target]), { random: () => 0, load })
    await balance(balancer, 'work')(() => Promise.resolve(answer))(requestOf(), callOf(clock).call)
    assert.equal(load.inFlight(0), 1)
    upgraded.destroy()
    await once(upgraded, 'close')
    assert.equal(load.inFlight(0), 0)
  })

  it('begins an attempt at the chosen target and passes it on with the request', async () => {
    const { clock, upstream, send } = balanced(['a', 'b'], 1)
    const { call } = send()
    const [attempt] = call.attempts
    assert.deepEqual([attempt?.number, attempt?.kind, attempt?.target.name], [1, 'first', 'a'])
    assert.equal(upstream.seen[0]?.request.attempt, attempt)
    await clock.advance(10)
  })

  it('sends further attempts of a call to untried targets, then starts over', async () => {
    const { clock, send } = balanced(['a', 'b', 'c'], 5)
    const { call } = send()
    await clock.advance(100)
    const names = call.attempts.map(({ target }) => target.name)
    assert.deepEqual(names, ['a', 'b', 'c', 'a', 'b'])
    assert.deepEqual(
      call.attempts.map(({ kind }) => kind),
      ['first', 'retry', 'retry', 'retry', 'retry'],
    )
  })

  it('keeps its position between calls', async () => {
    const { clock, upstream, send } = balanced(['a', 'b'], 1)
    for (let i = 0; i < 4; i++) send()
    await clock.advance(10)
    assert.deepEqual(
      upstream.seen.map(({ request }) => request.attempt?.target.name),
      ['a', 'b', 'a', 'b'],
    )
  })

  it('fails with NO_TARGET and begins no attempt when the upstream has no targets', async () => {
    const { clock, upstream, send } = balanced([], 1)
    const { call, answer } = send()
    await clock.advance(10)
    assert.equal(codeOf(answer.outcome), 'NO_TARGET')
    assert.match(failureOf(answer.outcome).detail, /upstream work has no available target/)
    assert.deepEqual([call.attempts.length, upstream.seen.length], [0, 0])
  })
})
