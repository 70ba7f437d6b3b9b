import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, targetOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'

const gone = failure('CLIENT_GONE', 'gone')
const lost = failure('CANCELLED', 'lost')

async function started(atMs = 1000) {
  const clock = new VirtualClock()
  await clock.advance(atMs)
  return { clock, ...callOf(clock) }
}

describe('LiveCall', () => {
  it('measures time from its own start', async () => {
    const { clock, call } = await started()
    await clock.advance(30)
    assert.deepEqual([call.startedAtMs, call.elapsedMs()], [1000, 30])
  })

  it('has infinite time until a deadline is set', async () => {
    const { call } = await started()
    assert.equal(call.remainingMs(), Number.POSITIVE_INFINITY)
  })

  it('keeps the earlier of two deadlines', async () => {
    const { clock, call } = await started()
    call.expireAt(1100)
    call.expireAt(1500)
    assert.equal(call.remainingMs(), 100)
    call.expireAt(1050)
    await clock.advance(20)
    assert.equal(call.remainingMs(), 30)
  })

  it('has 0 ms left after its deadline, never less', async () => {
    const { clock, call } = await started()
    call.expireAt(1100)
    await clock.advance(500)
    assert.equal(call.remainingMs(), 0)
  })

  it('adds up its queueing times, the current one included, for its forks too', async () => {
    const { clock, call } = await started()
    assert.equal(call.queuedMs, 0)
    for (const isLast of [false, true]) {
      call.queues(true)
      await clock.advance(30)
      if (isLast) continue
      call.queues(false)
      await clock.advance(7)
    }
    assert.deepEqual([call.queuedMs, call.fork('hedge').queuedMs], [60, 60])
  })

  it('numbers the attempts of all its forks in one list', async () => {
    const { clock, call } = await started()
    const fork = call.fork('hedge')
    call.begin(targetOf('a'))
    await clock.advance(5)
    fork.begin(targetOf('b'))
    fork.fork('retry').begin(targetOf('c'))
    assert.deepEqual(
      call.attempts.map(({ number, kind, target, startedMs }) => [number, kind, target.name, startedMs]),
      [
        [1, 'first', 'a', 0],
        [2, 'hedge', 'b', 5],
        [3, 'retry', 'c', 5],
      ],
    )
    assert.equal(fork.attempts, call.attempts)
  })

  it('begins an attempt without an outcome', async () => {
    const { call } = await started()
    const { endedMs, outcome, status, detail, won } = call.begin(targetOf('a'))
    assert.deepEqual([endedMs, outcome, status, detail, won], [undefined, undefined, undefined, undefined, false])
  })

  it('shares deadline, time, id and events with its forks', async () => {
    const { clock, call, events } = await started()
    const fork = call.fork('duplicate').fork('retry')
    fork.expireAt(1200)
    await clock.advance(50)
    fork.emit({ type: 'retry.denied' })
    assert.deepEqual(
      [fork.id, fork.route, fork.startedAtMs, fork.deadlineAtMs, fork.elapsedMs(), fork.remainingMs()],
      [call.id, call.route, call.startedAtMs, 1200, 50, 150],
    )
    assert.equal(call.deadlineAtMs, 1200)
    assert.deepEqual(events, [{ type: 'retry.denied' }])
  })

  it('aborts its forks when aborted', async () => {
    const { call } = await started()
    const fork = call.fork('duplicate')
    const below = fork.fork('retry')
    call.abort(gone)
    assert.deepEqual([fork.scope.reason, below.scope.reason], [gone, gone])
  })

  it('aborts only a fork and the forks below it', async () => {
    const { call } = await started()
    const [fork, beside] = [call.fork('duplicate'), call.fork('duplicate')]
    const below = fork.fork('retry')
    fork.abort(lost)
    assert.deepEqual(
      [call.scope.reason, fork.scope.reason, below.scope.reason, beside.scope.reason],
      [undefined, lost, lost, undefined],
    )
    call.abort(gone)
    assert.deepEqual([fork.scope.reason, beside.scope.reason], [lost, gone])
  })

  it('aborts a fork created after the abort', async () => {
    const { call } = await started()
    call.abort(gone)
    assert.equal(call.fork('retry').scope.reason, gone)
  })
})
