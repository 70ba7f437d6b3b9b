import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, failureOf, targetOf } from '../../test/kit/calls.ts'
import { layerBench } from '../../test/kit/layers.ts'
import type { Layer } from '../core/service.ts'
import { balance } from './balance.ts'
import { allOf } from './rotation.ts'
import { roundRobin } from './round-robin.ts'

/** Sends the request so many times for one call. */
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

describe('balance', () => {
  it('begins an attempt at the target that it chose, and gives it to the request', async () => {
    const { clock, upstream, send } = balanced(['a', 'b'], 1)
    const { call } = send()
    const [attempt] = call.attempts
    assert.deepEqual([attempt?.number, attempt?.kind, attempt?.target.name], [1, 'first', 'a'])
    assert.equal(upstream.seen[0]?.request.attempt, attempt)
    await clock.advance(10)
  })

  it('sends the further attempts of a call to other targets, and round again when all are tried', async () => {
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

  it('keeps the turn from call to call', async () => {
    const { clock, upstream, send } = balanced(['a', 'b'], 1)
    for (let i = 0; i < 4; i++) send()
    await clock.advance(10)
    assert.deepEqual(
      upstream.seen.map(({ request }) => request.attempt?.target.name),
      ['a', 'b', 'a', 'b'],
    )
  })

  it('fails with NO_TARGET where the upstream has none, and begins nothing', async () => {
    const { clock, upstream, send } = balanced([], 1)
    const { call, answer } = send()
    await clock.advance(10)
    assert.equal(codeOf(answer.outcome), 'NO_TARGET')
    assert.match(failureOf(answer.outcome).detail, /upstream work has no target/)
    assert.deepEqual([call.attempts.length, upstream.seen.length], [0, 0])
  })
})
