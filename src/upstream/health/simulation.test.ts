import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, targetOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { layerBench } from '../../../test/kit/layers.ts'
import type { Target } from '../../core/attempt.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { attemptTimeout } from '../../layers/attempt-timeout/attempt-timeout.ts'
import { attemptTelemetry } from '../../telemetry/attempt-telemetry.ts'
import { balance } from '../balance/balance.ts'
import { roundRobin } from '../balance/round-robin.ts'
import { HealthKeeper } from './keeper.ts'
import { breakerOptions, healthOptions, outlierOptions } from './options.ts'
import { UpstreamHealth, type UpstreamHealthOptions } from './upstream-health.ts'

const defaults: UpstreamHealthOptions = { outlier: outlierOptions.parse({}), rest: 300_000, panic: 0.5 }
const everyMs = 50

const well: Script = { afterMs: 10 }
const slow: Script = { afterMs: 90 }
const failing: Script = { afterMs: 1, status: 500 }
const hanging: Script = { afterMs: 0, hangs: true }

/**
 * Three targets behind round robin, 20 calls a second, an attempt timeout of 100 ms. The first target is the sick one.
 * Round robin alone gives it a third of the calls, whatever its health.
 */
function scene(change: Partial<UpstreamHealthOptions> = {}) {
  const targets = ['sick', 'b', 'c'].map((name) => targetOf(name))
  let sick: (atMs: number) => Script = () => well
  let keeper: HealthKeeper | undefined
  const bench = layerBench(
    (clock) => (next) => {
      const memory = new SharedMemory()
      const options = { ...defaults, ...change }
      const health = new UpstreamHealth(targets, options, clock, memory)
      keeper = new HealthKeeper(health, { clock, random: () => 0, send: next, tell: () => {} })
      const telemetry = attemptTelemetry({ clock, statusCounts: (status) => status < 500, onNoted: health.noteWith(0) })
      return balance(roundRobin(health, memory), 'work', health)(attemptTimeout(100, clock)(telemetry(next)))
    },
    (_, { attempt }) => (attempt?.target === targets[0] ? sick(bench.clock.now()) : well),
  )

  /** Runs for this long. Returns the share of calls that the sick target got, and how many calls failed. */
  const run = async (forMs: number) => {
    const calls: ReturnType<typeof bench.send>[] = []
    for (let atMs = 0; atMs < forMs; atMs += everyMs) {
      calls.push(bench.send())
      await bench.clock.advance(everyMs)
    }
    await bench.clock.advance(100)
    const isSick = (target: Target | undefined): boolean => target === targets[0]
    const share = calls.filter(({ call }) => isSick(call.attempts[0]?.target)).length / calls.length
    const failed = calls.filter(
      ({ answer }) =>
        codeOf(answer.outcome) !== 'ok' || (answer.outcome?.ok === true && answer.outcome.response.status >= 500),
    ).length
    return { share, failed }
  }
  return { run, becomes: (how: typeof sick) => (sick = how), close: () => keeper?.close() }
}

const near = (share: number, wanted: number): boolean => Math.abs(share - wanted) < 0.02

describe('a sick target among three', () => {
  for (const [name, script] of [
    ['fails fast', failing],
    ['hangs', hanging],
    ['refuses connections', { afterMs: 0, fails: 'UPSTREAM_REFUSED' }],
  ] as const) {
    it(`gets five calls when it ${name}, and five more each time it is tried`, async (t) => {
      const { run, becomes, close } = scene()
      t.after(close)
      assert.ok(near((await run(10_000)).share, 1 / 3))
      becomes(() => script)
      const { share, failed } = await run(30_000)
      // A hanging target is detected 100 ms late: calls made in that time reach it too.
      assert.ok(failed >= 5 && failed <= 8, `${failed} failed`)
      assert.ok(share < 0.01, `share ${share}`)
      const later = await run(200_000)
      // 30 s, 60 s, 90 s, ... each ended by the next sweep.
      assert.ok(later.failed <= 4 * 8, `${later.failed} failed in 200 s`)
      becomes(() => well)
      await run(200_000)
      const { share: after } = await run(10_000)
      assert.ok(near(after, 1 / 3), `share ${after} when it is back`)
    })
  }

  it('keeps its share when it is slow, which is for the balancer to see', async (t) => {
    const { run, becomes, close } = scene()
    t.after(close)
    becomes(() => slow)
    const { share, failed } = await run(30_000)
    assert.deepEqual([near(share, 1 / 3), failed], [true, 0])
  })

  it('is out for most of the time when it flaps', async (t) => {
    const { run, becomes, close } = scene()
    t.after(close)
    // Healthy for ten seconds, failing for ten.
    becomes((atMs) => (Math.floor(atMs / 10_000) % 2 === 0 ? well : failing))
    const { share, failed } = await run(200_000)
    assert.ok(share < 0.12, `share ${share}`)
    assert.ok(failed < 35, `${failed} failed`)
  })

  it('gets one call in 30 s through its breaker, and all again after a good one', async (t) => {
    const breaker = breakerOptions.parse({})
    const { run, becomes, close } = scene({ outlier: 'off', breaker })
    t.after(close)
    await run(10_000)
    becomes(() => failing)
    const first = await run(30_000)
    assert.ok(first.failed <= 70, `${first.failed} failed before half of ten seconds were bad`)
    const { failed } = await run(150_000)
    assert.ok(failed >= 4 && failed <= 6, `${failed} probes in 150 s`)
    becomes(() => well)
    await run(31_000)
    assert.ok(near((await run(10_000)).share, 1 / 3))
  })

  it('gets no call once its checks have failed, and its share when they pass again', async (t) => {
    const health = healthOptions.parse({ path: '/health', interval: '1s', timeout: '100ms', jitter: '0ms' })
    const { run, becomes, close } = scene({ outlier: 'off', health })
    t.after(close)
    becomes(() => hanging)
    assert.ok((await run(3000)).failed > 0)
    assert.deepEqual(await run(20_000), { share: 0, failed: 0 })
    becomes(() => well)
    await run(2000)
    assert.ok(near((await run(10_000)).share, 1 / 3))
  })
})
