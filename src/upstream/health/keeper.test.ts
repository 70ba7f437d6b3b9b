import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { callOf, targetOf } from '../../../test/kit/calls.ts'
import { FakeUpstream, type Script } from '../../../test/kit/fake-upstream.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { TargetEvent } from '../../core/target-event.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { field, time } from './health-cells.ts'
import { HealthKeeper } from './keeper.ts'
import { breakerOptions, healthOptions, outlierOptions } from './options.ts'
import { UpstreamHealth, type UpstreamHealthOptions } from './upstream-health.ts'

const defaults: UpstreamHealthOptions = { outlier: outlierOptions.parse({}), rest: 300_000, panic: 0.5 }

/** A keeper in the main thread, and a worker's view. */
function kept(
  t: TestContext,
  change: Partial<UpstreamHealthOptions> = {},
  script: () => Script = () => ({ afterMs: 1 }),
) {
  const clock = new VirtualClock()
  const targets = ['a', 'b', 'c'].map((name) => targetOf(name))
  const main = new SharedMemory({ slot: 1, slots: 2 })
  const options = { ...defaults, ...change }
  const told: string[] = []
  const tell = (event: TargetEvent): void => {
    const { type, target, ...rest } = event
    const facts = Object.values(rest).flatMap((fact) => (typeof fact === 'object' ? Object.values(fact) : [fact]))
    told.push([clock.now(), type, target.name, ...facts].join(' '))
  }
  const upstream = new FakeUpstream(clock, script)
  const open = (): HealthKeeper => {
    const health = new UpstreamHealth(targets, options, clock, main)
    const keeper = new HealthKeeper(health, { clock, random: () => 0, send: upstream.service, tell })
    t.after(() => keeper.close())
    return keeper
  }
  const keeper = open()
  const worker = new UpstreamHealth(
    targets,
    options,
    clock,
    new SharedMemory({ slot: 0, slots: 2, regions: main.regions() }),
  )
  return { clock, keeper, worker, told, open }
}

describe('HealthKeeper', () => {
  it('reports within a second a target that a worker ejected, and brings it back', async (t) => {
    const { clock, worker, told } = kept(t)
    await clock.advance(500)
    const { call } = callOf(clock)
    const attempt = Object.assign(call.begin(targetOf('b')), { outcome: 'server_error', status: 503 } as const)
    for (let i = 0; i < 5; i++) worker.ejections?.note(1, false, clock.now(), attempt)
    await clock.advance(29_600)
    assert.equal(worker.isAvailable(1), false)
    await clock.advance(10_000)
    assert.equal(worker.isAvailable(1), true)
    assert.deepEqual(told, ['1000 target.ejected b failures 29500 5 status 503', '40000 target.returned b ejected'])
  })

  it('ejects a target whose success rate over all workers is too low', async (t) => {
    const { clock, worker, told } = kept(t, {
      outlier: outlierOptions.parse({ successRate: { targets: 3, attempts: 10, sigma: 1 } }),
    })
    for (let i = 0; i < 40; i++) for (const index of [0, 1, 2]) worker.ejections?.note(index, index < 2 || i % 2 > 0, 0)
    await clock.advance(10_000)
    assert.deepEqual(told, ['10000 target.ejected c success_rate 30000'])
    assert.equal(worker.isAvailable(2), false)
  })

  it('reports a rest and its end', async (t) => {
    const { clock, worker, told } = kept(t)
    const { cells } = worker
    cells.setTime(0, time.restsUntil, 5500)
    cells.add(0, field.rested, 1)
    cells.changed()
    await clock.advance(7000)
    assert.deepEqual(told, ['1000 target.ejected a retry_after 4500', '6000 target.returned a resting'])
  })

  it('reports each state of a breaker', async (t) => {
    const { clock, worker, told } = kept(t, { breaker: breakerOptions.parse({ minimum: 2, open: '5s' }) })
    const probe = (verdict: 'good' | 'bad'): void => {
      worker.breakers?.probeEnded(0, worker.breakers.tryProbe(0, clock.now()) as number, verdict, clock.now())
    }
    worker.breakers?.note(0, 'good', 0)
    worker.breakers?.note(0, 'bad', 0)
    await clock.advance(6000)
    probe('bad')
    await clock.advance(6000)
    probe('good')
    await clock.advance(1000)
    assert.deepEqual(told, [
      '1000 breaker.changed a closed open 5000 1 2 10000',
      '5000 breaker.changed a open half_open',
      '7000 breaker.changed a half_open open 5000',
      '11000 breaker.changed a open half_open',
      '13000 breaker.changed a half_open closed',
    ])
  })

  it('says what else is wrong with a target that is no longer ejected or resting', async (t) => {
    const health = healthOptions.parse({ path: '/', interval: '1s', jitter: '0ms' })
    const { clock, worker, told } = kept(t, { health }, () => ({ afterMs: 1, status: 500 }))
    for (let i = 0; i < 5; i++) worker.ejections?.note(1, false, 0)
    worker.cells.setTime(0, time.restsUntil, 4500)
    worker.cells.add(0, field.rested, 1)
    worker.cells.changed()
    await clock.advance(40_000)
    assert.deepEqual(
      told.filter((line) => line.includes('returned')),
      ['5000 target.returned a resting unhealthy', '30000 target.returned b ejected unhealthy'],
    )
  })

  it('takes a target out when it fails its checks, and back when it passes them', async (t) => {
    let status = 500
    const health = healthOptions.parse({ path: '/', jitter: '0ms' })
    const { clock, worker, told, keeper } = kept(t, { health, panic: 0 }, () => ({ afterMs: 1, status }))
    await clock.advance(20_000)
    assert.equal(worker.isAvailable(0), true)
    await clock.advance(2)
    assert.equal(worker.isAvailable(0), false)
    assert.equal(keeper.lastCheck(0)?.detail, 'status 500')
    status = 200
    await clock.advance(20_000)
    assert.equal(worker.isAvailable(0), true)
    assert.deepEqual(
      told.filter((line) => line.includes(' a ')),
      ['20001 target.health a false status 500', '40001 target.health a true status 200'],
    )
  })

  it('continues where the previous keeper stopped, as at a reload', async (t) => {
    const health = healthOptions.parse({ path: '/', jitter: '0ms' })
    const { clock, keeper, open, worker } = kept(t, { health }, () => ({ afterMs: 1, status: 500 }))
    await clock.advance(21_000)
    keeper.close()
    open()
    assert.equal(worker.conditions(clock.now())[0]?.isUnhealthy, true)
    await clock.advance(21_000)
    assert.equal(worker.conditions(clock.now())[0]?.isUnhealthy, true)
  })
})
