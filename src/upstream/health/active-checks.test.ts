import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { targetOf } from '../../../test/kit/calls.ts'
import { FakeUpstream, type Script } from '../../../test/kit/fake-upstream.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { ActiveChecks, type CheckResult } from './active-checks.ts'
import { afterCheck } from './check-count.ts'
import { healthOptions } from './options.ts'

const options = healthOptions.parse({ path: '/health', status: [200, '3xx'] })

function checked(t: TestContext, count: number, script: (name: string, atMs: number) => Script, random = () => 0) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, (_, { attempt }) => script(attempt?.target.name ?? '', clock.now()))
  const targets = Array.from({ length: count }, (_, index) => targetOf(`t${index}`))
  const results: (CheckResult & { readonly index: number })[] = []
  const send = upstream.service
  const onResult = (index: number, result: CheckResult): void => void results.push({ index, ...result })
  const checks = new ActiveChecks({ targets, options, clock, random, send, onResult })
  t.after(() => checks.close())
  return { clock, upstream, results, checks }
}

describe('ActiveChecks', () => {
  it('check every target immediately, and again after each interval', async (t) => {
    const { clock, upstream } = checked(t, 2, () => ({ afterMs: 5 }))
    await clock.advance(0)
    assert.deepEqual(
      upstream.seen.map(({ sentMs, request }) => [request.attempt?.target.name, request.path, sentMs]),
      [
        ['t0', '/health', 0],
        ['t1', '/health', 0],
      ],
    )
    await clock.advance(20_000)
    assert.equal(upstream.seen.length, 6)
  })

  it('add their jitter to each interval', async (t) => {
    const { clock, upstream } = checked(
      t,
      1,
      () => ({ afterMs: 5 }),
      () => 0.5,
    )
    await clock.advance(30_000)
    assert.deepEqual(
      upstream.seen.map(({ sentMs }) => sentMs),
      [0, 10_500, 21_000],
    )
  })

  it('time out, and close the connection', async (t) => {
    const { clock, upstream, results } = checked(t, 1, () => ({ afterMs: 0, hangs: true }))
    await clock.advance(1000)
    assert.deepEqual(results, [{ index: 0, isGood: false, detail: 'no answer within 1000 ms' }])
    assert.equal(upstream.openCount, 0)
  })

  it('do not fail a target because the gateway stalled', async (t) => {
    const { clock, results } = checked(t, 1, () => ({ afterMs: 3100 }))
    await clock.advance(100)
    clock.stall(2950)
    await clock.advance(50)
    assert.deepEqual(results, [{ index: 0, isGood: true, detail: 'status 200' }])
  })

  it('judge by the status', async (t) => {
    const statuses = [200, 204, 301, 500]
    const { clock, results } = checked(t, 4, (name) => ({ afterMs: 1, status: statuses[Number(name.slice(1))] ?? 0 }))
    await clock.advance(10)
    assert.deepEqual(
      results.map(({ isGood, detail }) => [isGood, detail]),
      [
        [true, 'status 200'],
        [false, 'status 204'],
        [true, 'status 301'],
        [false, 'status 500'],
      ],
    )
  })

  it('ignore a check that the gateway could not send, and check again', async (t) => {
    const script = (_name: string, atMs: number): Script =>
      atMs < 5000 ? { afterMs: 1, fails: 'GATEWAY_EXHAUSTED' } : { afterMs: 1 }
    const { clock, results } = checked(t, 1, script)
    await clock.advance(9000)
    assert.deepEqual(results, [])
    await clock.advance(2000)
    assert.deepEqual(results, [{ index: 0, isGood: true, detail: 'status 200' }])
  })

  it('never have two checks in flight at one target', async (t) => {
    const { clock, upstream } = checked(t, 1, () => ({ afterMs: 0, hangs: true }))
    for (let i = 0; i < 100; i++) {
      await clock.advance(777)
      assert.ok(upstream.openCount <= 1)
    }
  })

  it('discard the body, and leave nothing behind when they end', async (t) => {
    const { clock, upstream, checks } = checked(t, 2, (name) =>
      name === 't0' ? { afterMs: 1, bodyAfterMs: 5000 } : { afterMs: 0, hangs: true },
    )
    await clock.advance(10)
    assert.equal(upstream.seen[0]?.discarded, true)
    checks.close()
    await clock.advance(0)
    assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
  })
})

describe('afterCheck', () => {
  const run = (start: boolean, checks: string): string => {
    let count = { isUnhealthy: start, against: 0 }
    return [...checks]
      .map((one) => {
        count = afterCheck(count, one === '+', options)
        return count.isUnhealthy ? 'x' : '.'
      })
      .join('')
  }

  it('takes a target out after three bad checks in a row, and back after two good ones', () => {
    assert.equal(run(false, '--+---++'), '.....xx.')
    assert.equal(run(true, '+-+-++'), 'xxxxx.')
  })
})
