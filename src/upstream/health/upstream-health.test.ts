import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, codeOf, failureOf, targetOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { layerBench } from '../../../test/kit/layers.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { failure } from '../../core/failure.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { statusCounts } from '../../layers/success/success.ts'
import { anyButServerError } from '../../strategies/strategy.ts'
import { attemptTelemetry } from '../../telemetry/attempt-telemetry.ts'
import { balance } from '../balance/balance.ts'
import { roundRobin } from '../balance/round-robin.ts'
import { field } from './health-cells.ts'
import { breakerOptions, outlierOptions } from './options.ts'
import { UpstreamHealth, type UpstreamHealthOptions, upstreamHealth } from './upstream-health.ts'

const defaults: UpstreamHealthOptions = { outlier: outlierOptions.parse({}), rest: 300_000, panic: 0.5 }
const counts = (status: number): boolean => statusCounts(anyButServerError, status)

type Reply = Omit<Script, 'afterMs'>

/** An upstream whose targets each answer as the test says at the time. */
function upstreamOf(count: number, change: Partial<UpstreamHealthOptions> = {}) {
  const replies: Reply[] = Array.from({ length: count }, () => ({}))
  const targets = replies.map((_, index) => targetOf(`t${index}`))
  const memory = new SharedMemory()
  let health: UpstreamHealth | undefined
  const bench = layerBench(
    (clock) => (next) => {
      const made = new UpstreamHealth(targets, { ...defaults, ...change }, clock, memory)
      health = made
      const telemetry = attemptTelemetry({ clock, statusCounts: counts, onNoted: made.noteWith(0) })
      return balance(roundRobin(made, memory), 'work', made)(telemetry(next))
    },
    (_, request) => {
      const index = targets.findIndex((target) => target === request.attempt?.target)
      return { afterMs: 10, ...replies[index] }
    },
  )
  const send = async (times: number): Promise<string> => {
    const names: string[] = []
    for (let i = 0; i < times; i++) {
      const { call, answer } = bench.send()
      await bench.clock.advance(10)
      names.push(call.attempts[0]?.target.name.slice(1) ?? codeOf(answer.outcome) ?? '')
    }
    return names.join(' ')
  }
  return { ...bench, replies, send, ask: bench.send, health: health as unknown as UpstreamHealth }
}

describe('UpstreamHealth', () => {
  it('takes a failing target out of the rotation of all others', async () => {
    const { replies, send } = upstreamOf(3)
    replies[1] = { status: 500 }
    assert.equal(await send(15), '0 1 2 0 1 2 0 1 2 0 1 2 0 1 2')
    assert.equal((await send(6)).replaceAll(/[02 ]/g, ''), '')
  })

  for (const bodyFails of ['UPSTREAM_RESET', 'UPSTREAM_INVALID'] as const) {
    it(`takes out a target whose answers end with ${bodyFails} after a good head`, async () => {
      const { clock, replies, send } = upstreamOf(3)
      replies[1] = { bodyAfterMs: 5, bodyFails }
      assert.equal(await send(15), '0 1 2 0 1 2 0 1 2 0 1 2 0 1 2')
      await clock.advance(5)
      assert.equal((await send(6)).replaceAll(/[02 ]/g, ''), '')
    })
  }

  it('forgets failures after a whole body, but not after a head alone', async () => {
    const { clock, replies, send, health } = upstreamOf(2)
    replies[0] = { status: 500 }
    await send(8)
    replies[0] = { bodyAfterMs: 1000 }
    await send(1)
    assert.equal(health.cells.get(0, field.failures), 4)
    await clock.advance(1000)
    assert.equal(health.cells.get(0, field.failures), 0)
  })

  for (const code of ['CLIENT_GONE', 'CANCELLED', 'DEADLINE'] as const) {
    it(`does not count a body cancelled with ${code} against its target`, async () => {
      const { clock, replies, ask, health } = upstreamOf(2)
      for (const index of [0, 1]) replies[index] = { bodyAfterMs: 1000 }
      for (let i = 0; i < 20; i++) {
        const { call } = ask()
        await clock.advance(10)
        call.abort(failure(code, 'given up'))
      }
      assert.deepEqual([health.cells.get(0, field.failures), health.isAvailable(0)], [0, true])
    })
  }

  it('opens the breaker of a target that breaks off its answers', async () => {
    const breaker = breakerOptions.parse({ minimum: 4, open: '30s' })
    const { clock, replies, send } = upstreamOf(1, { breaker, outlier: 'off' })
    replies[0] = { bodyAfterMs: 5, bodyFails: 'UPSTREAM_RESET' }
    await send(4)
    await clock.advance(5)
    assert.equal(await send(1), 'BREAKER_OPEN')
  })

  it('ejects no target and opens no breaker for failures during a gateway stall', async () => {
    const breaker = breakerOptions.parse({ failures: '50%' })
    const { clock, replies, ask, send } = upstreamOf(2, { breaker })
    replies[0] = { hangs: true }
    replies[1] = { hangs: true }
    const calls = Array.from({ length: 90 }, () => ask().call)
    await clock.advance(10)
    clock.stall(11_000)
    for (const call of calls) call.abort(failure('DEADLINE', 'No good answer'))
    await clock.advance(0)
    replies.splice(0, 2, {}, {})
    assert.equal(await send(4), '0 1 0 1')
  })

  it('keeps a breaker closed whose window a stall has emptied, until its minimum is reached again', async () => {
    const breaker = breakerOptions.parse({ failures: '50%', minimum: 20, window: '10s' })
    const { clock, replies, send } = upstreamOf(1, { breaker, outlier: 'off' })
    await send(40)
    clock.stall(11_000)
    replies[0] = { status: 500 }
    await send(19)
    assert.equal(await send(1), '0')
    assert.equal(await send(1), 'BREAKER_OPEN')
  })

  it('closes a breaker on the head of a probe, whose body may last for hours', async () => {
    const breaker = breakerOptions.parse({ minimum: 2, open: '30s' })
    const { clock, replies, send } = upstreamOf(1, { breaker, outlier: 'off' })
    replies[0] = { status: 500 }
    await send(2)
    replies[0] = { bodyAfterMs: 3_600_000 }
    await clock.advance(30_000)
    assert.equal(await send(3), '0 0 0')
  })

  for (const form of ['seconds', 'date'] as const) {
    it(`rests a target for as long as its Retry-After in ${form} asks, and no longer`, async () => {
      const { clock, replies, send } = upstreamOf(2)
      const until = new Date(clock.wallNow() + 3000).toUTCString()
      replies[0] = { status: 429, headers: ['retry-after', form === 'date' ? until : '3'] }
      await send(1)
      replies[0] = {}
      assert.equal(await send(10), '1 1 1 1 1 1 1 1 1 1')
      await clock.advance(2900)
      assert.match(await send(4), /0/)
    })
  }

  it('grants no rest longer than allowed, and none at all when that is 0', async () => {
    for (const [rest, untilMs] of [
      [5000, 5000],
      [0, 0],
    ] as const) {
      const { clock, replies, send, health } = upstreamOf(2, { rest })
      replies[0] = { status: 503, headers: ['retry-after', '9999'] }
      await send(1)
      assert.equal(health.isAvailable(0), untilMs === 0)
      await clock.advance(untilMs)
      assert.equal(health.isAvailable(0), true)
    }
  })

  it('never rests the last target: the one whose rest ends first keeps serving', async () => {
    const { replies, send } = upstreamOf(2)
    replies[0] = { status: 429, headers: ['retry-after', '60'] }
    replies[1] = { status: 429, headers: ['retry-after', '30'] }
    await send(2)
    assert.equal(await send(4), '1 1 1 1')
  })

  it('reports when all breakers are open, and when to retry', async () => {
    const breaker = breakerOptions.parse({ minimum: 2, open: '30s' })
    const { clock, replies, send, ask } = upstreamOf(2, { breaker, outlier: 'off' })
    for (const index of [0, 1]) replies[index] = { status: 500 }
    await send(4)
    await clock.advance(10_000)
    const { answer } = ask()
    await clock.advance(0)
    const refusal = failureOf(answer.outcome)
    assert.deepEqual([refusal.code, Math.ceil((refusal.retryAfterMs ?? 0) / 1000)], ['BREAKER_OPEN', 20])
  })

  for (const [targets, openMs] of [
    [1, 1000],
    [2, 30_000],
  ] as const) {
    it(`suggests an early retry while a probe is in flight, with ${targets} targets open for ${openMs} ms`, async () => {
      const breaker = breakerOptions.parse({ minimum: 2, open: `${openMs}ms` })
      const { clock, replies, send, ask } = upstreamOf(targets, { breaker, outlier: 'off' })
      for (let index = 0; index < targets; index++) replies[index] = { status: 500 }
      await send(2 * targets)
      await clock.advance(openMs - 20)
      await clock.advance(20)
      for (let probe = 0; probe < targets; probe++) ask()
      const { answer } = ask()
      await clock.advance(0)
      const refusal = failureOf(answer.outcome)
      assert.deepEqual([refusal.code, refusal.retryAfterMs], ['BREAKER_OPEN', 1000])
      assert.match(refusal.detail, /^No breaker .* is closed, and a trial attempt is under way$/)
    })
  }

  it('sends one attempt when the open time of a breaker is over, and all again after a good answer', async () => {
    const breaker = breakerOptions.parse({ minimum: 2, open: '30s' })
    const { clock, replies, ask, send } = upstreamOf(1, { breaker, outlier: 'off' })
    replies[0] = { status: 500 }
    assert.equal(await send(3), '0 0 BREAKER_OPEN')
    replies[0] = {}
    await clock.advance(30_000)
    const calls = [ask(), ask(), ask()]
    await clock.advance(10)
    assert.deepEqual(
      calls.map(({ answer }) => codeOf(answer.outcome)),
      ['ok', 'BREAKER_OPEN', 'BREAKER_OPEN'],
    )
    assert.equal(await send(3), '0 0 0')
  })

  it('has no target when none is healthy and panic is off', async () => {
    const { cells } = upstreamOf(2).health
    assert.equal(cells.targets.length, 2)
    const health = { path: '/', interval: 5000, jitter: 0, timeout: 1000, unhealthy: 3, healthy: 2, status: [] }
    const scene = upstreamOf(2, { health, panic: 0 })
    for (const index of [0, 1]) scene.health.cells.set(index, 2, 1)
    scene.health.cells.changed()
    assert.equal(await scene.send(1), 'NO_TARGET')
    assert.equal(scene.health.refusal('work').retryAfterMs, 5000)
  })

  it('informs another worker at once, and raises the version of both once per change', () => {
    const clock = new VirtualClock()
    const targets = ['a', 'b', 'c'].map((name) => targetOf(name))
    const first = new SharedMemory({ slot: 0, slots: 2 })
    const here = new UpstreamHealth(targets, defaults, clock, first)
    const second = new SharedMemory({ slot: 1, slots: 2, regions: first.regions() })
    const there = new UpstreamHealth(targets, defaults, clock, second)
    const versions = [here.version, there.version]
    for (let i = 0; i < 5; i++) here.ejections?.note(1, false, 0)
    assert.deepEqual([there.isAvailable(1), there.isAvailable(0)], [false, true])
    assert.deepEqual([here.version, there.version], [(versions[0] ?? 0) + 1, (versions[1] ?? 0) + 1])
    assert.deepEqual([here.version, there.version], [(versions[0] ?? 0) + 1, (versions[1] ?? 0) + 1])
  })

  it('lets two workers share the one probe', async () => {
    const clock = new VirtualClock()
    const targets = [targetOf('a')]
    const options = { ...defaults, breaker: breakerOptions.parse({ minimum: 1, open: '100ms' }) }
    const first = new SharedMemory({ slot: 0, slots: 2 })
    const here = new UpstreamHealth(targets, options, clock, first)
    const second = new SharedMemory({ slot: 1, slots: 2, regions: first.regions() })
    const there = new UpstreamHealth(targets, options, clock, second)
    here.breakers?.note(0, 'bad', 0)
    await clock.advance(100)
    const [target] = targets
    assert.ok(target)
    assert.deepEqual([here.isAvailable(0), there.isAvailable(0)], [true, true])
    assert.ok(here.begin(target, callOf(clock).call))
    assert.equal(there.begin(target, callOf(clock).call), undefined)
    assert.equal(there.isAvailable(0), false)
  })

  it('is undefined when no health option can take effect', () => {
    const clock = new VirtualClock()
    const memory = new SharedMemory()
    assert.equal(upstreamHealth([targetOf('a')], defaults, clock, memory), undefined)
    const off: UpstreamHealthOptions = { outlier: 'off', rest: 0, panic: 0.5 }
    assert.equal(upstreamHealth([targetOf('a'), targetOf('b')], off, clock, memory), undefined)
  })
})
