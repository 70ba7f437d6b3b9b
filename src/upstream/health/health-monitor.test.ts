import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { configSchema } from '../../config/schema.ts'
import type { TargetEvent } from '../../core/target-event.ts'
import { apply } from '../../kit/reload.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import type { Rotation } from '../balance/rotation.ts'
import { targetsOf } from '../targets.ts'
import { withSlowStart } from '../upstream.ts'
import { field, time } from './health-cells.ts'
import { healthLine } from './health-log.ts'
import { HealthMonitor } from './health-monitor.ts'
import { type UpstreamHealth, upstreamHealth } from './upstream-health.ts'

const configOf = (
  options: object = {},
  names: readonly string[] = ['a', 'b'],
  routes: readonly { readonly match: string; readonly broadcast: { readonly upstream: string } }[] = [],
) =>
  configSchema.parse({
    upstreams: {
      work: { targets: Object.fromEntries(names.map((name) => [name, `http://${name}.test`])), ...options },
    },
    routes,
  })

function kept(t: TestContext) {
  const clock = new VirtualClock()
  const memory = new SharedMemory()
  const lines: string[] = []
  const keeping = new HealthMonitor({ clock, random: () => 0, memory, log: (text) => lines.push(text) })
  t.after(() => keeping.close())
  const healthOf = (config: ReturnType<typeof configOf>): UpstreamHealth => {
    const options = config.upstreams['work']
    assert.ok(options)
    return upstreamHealth(targetsOf('work', options), options, clock, memory.scope('upstream work')) ?? assert.fail()
  }
  /** As a worker's balancer sees it. */
  const rotationOf = (config: ReturnType<typeof configOf>): Rotation =>
    withSlowStart(healthOf(config), config.upstreams['work'] ?? assert.fail(), clock, memory.scope('upstream work'))
  /** As a worker's attempts do. */
  const fail = (config: ReturnType<typeof configOf>, index: number): void => {
    const { ejections } = healthOf(config)
    for (let i = 0; i < 5; i++) ejections?.note(index, false, clock.now())
  }
  const ejections = (target: string): number | undefined =>
    keeping.figures().find((one) => one.target === target)?.ejections.failures
  const change = ({ upstreams }: ReturnType<typeof configOf>, broadcast: readonly string[] = []): Promise<void> =>
    apply(keeping, { upstreams, withDeliveries: new Set(broadcast) })
  return { clock, keeping, change, lines, fail, healthOf, rotationOf, ejections }
}

describe('HealthMonitor', () => {
  it('keeps state and counts when an upstream is rebuilt with the same targets', async (t) => {
    const { clock, keeping, change, fail, ejections } = kept(t)
    const before = configOf()
    await change(before)
    fail(before, 0)
    await clock.advance(1000)
    assert.equal(ejections('a'), 1)
    const after = configOf({ keepAlive: '1s' })
    await change(after)
    assert.deepEqual([ejections('a'), keeping.figures()[0]?.isAvailable], [1, false])
    await clock.advance(30_000)
    assert.equal(keeping.figures()[0]?.isAvailable, true)
    fail(after, 0)
    assert.equal(ejections('a'), 2)
  })

  for (const [change, names] of [
    ['adds a target', ['a', 'b', 'c', 'd']],
    ['adds one in front', ['new', 'a', 'b', 'c']],
    ['takes one away', ['a', 'b']],
    ['changes the order', ['c', 'a', 'b']],
  ] as const) {
    it(`keeps the state of a target when a reload ${change}, and no count falls`, async (t) => {
      const { clock, keeping, change, fail, healthOf, ejections } = kept(t)
      const options = { health: { path: '/' }, breaker: { open: '30s' }, panic: '0%' }
      const before = configOf(options, ['a', 'b', 'c'])
      await change(before)
      await clock.advance(0)
      fail(before, 0)
      const { cells, breakers } = healthOf(before)
      cells.set(0, field.unhealthy, 1)
      cells.setTime(0, time.restsUntil, clock.now() + 20_000)
      for (let i = 0; i < 20; i++) breakers?.note(0, 'bad', clock.now())
      cells.changed()
      const out = (): readonly string[] | undefined =>
        keeping
          .figures()
          .find(({ target }) => target === 'a')
          ?.out.map(({ why }) => why)
      assert.deepEqual(out(), ['ejected', 'unhealthy', 'resting', 'breaker_open'])
      const after = configOf(options, names)
      await change(after)
      assert.deepEqual(out(), ['ejected', 'unhealthy', 'resting', 'breaker_open'])
      const left = keeping.figures().filter(({ isAvailable }) => isAvailable)
      assert.deepEqual(
        left.map(({ target }) => target),
        names.filter((name) => name !== 'a'),
      )
      assert.equal(ejections('a'), 1)
    })
  }

  it('brings targets back at once when a reload lowers the ejection limit', async (t) => {
    const { clock, keeping, change, fail } = kept(t)
    const options = { outlier: { share: '50%' }, panic: '0%' }
    const before = configOf(options, ['a', 'b', 'c', 'd'])
    await change(before)
    fail(before, 0)
    await clock.advance(10)
    fail(before, 1)
    const available = () => keeping.figures().flatMap(({ target, isAvailable }) => (isAvailable ? [target] : []))
    assert.deepEqual(available(), ['c', 'd'])
    await change(configOf(options, ['a', 'b']))
    assert.deepEqual(available(), ['a'])
  })

  it('reports a lone target like all others, though nothing is done about it, and no count falls', async (t) => {
    const { keeping, change, fail, ejections } = kept(t)
    const before = configOf()
    await change(before)
    fail(before, 0)
    await change(configOf({}, ['a']))
    const [figures, ...others] = keeping.figures()
    assert.deepEqual(others, [])
    assert.deepEqual(
      [figures?.upstream, figures?.target, figures?.isAvailable, figures?.isPanicking, figures?.out],
      ['work', 'a', true, false, []],
    )
    assert.deepEqual([figures?.breaker, figures?.lastCheck, figures?.checks], [undefined, undefined, undefined])
    assert.deepEqual(figures?.ejections, { failures: 1, success_rate: 0, retry_after: 0 })
    await change(before)
    assert.deepEqual([ejections('a'), ejections('b')], [1, 0])
  })

  it('ramps up a target that comes back while there are no calls', async (t) => {
    const { clock, change, healthOf, rotationOf } = kept(t)
    const config = configOf({ slowStart: '20s' })
    await change(config)
    await clock.advance(60_000)
    const quiet = rotationOf(config)
    assert.equal(quiet.factor(0), 1)
    const { version } = quiet
    const { cells } = healthOf(config)
    cells.setTime(0, time.restsUntil, clock.now() + 5000)
    cells.changed()
    await clock.advance(7000)
    assert.notEqual(quiet.version, version)
    assert.ok(quiet.isAvailable(0) && quiet.factor(0) < 0.2, `${quiet.factor(0)}`)
  })

  it('writes one line per change', async (t) => {
    const { clock, change, lines, fail } = kept(t)
    const config = configOf()
    await change(config)
    fail(config, 1)
    await clock.advance(31_000)
    assert.deepEqual(lines, [
      'target b of upstream work is ejected for 29s: 5 attempts in a row failed',
      'target b of upstream work is back',
    ])
  })

  it('says that deliveries go on when the upstream of a broadcast loses a target', async (t) => {
    const { clock, change, lines, fail } = kept(t)
    const config = configOf({}, ['a', 'b'], [{ match: 'POST /', broadcast: { upstream: 'work' } }])
    // The route arrives with a reload; the upstream stays the same.
    await change(configOf())
    await change(config, ['work'])
    fail(config, 1)
    await clock.advance(31_000)
    assert.deepEqual(lines, [
      'target b of upstream work is ejected for 29s: 5 attempts in a row failed; broadcast deliveries to it continue',
      'target b of upstream work is back',
    ])
  })

  it('leaves no timer behind', async (t) => {
    const { clock, keeping, change } = kept(t)
    await change(configOf({ health: { path: '/' } }))
    await change(configOf({}, ['only']))
    keeping.close()
    await clock.advance(0)
    assert.equal(clock.pendingCount, 0)
  })
})

describe('healthLine', () => {
  const target = targetOf('a')

  it('warns only of bad news', () => {
    const levelOf = (event: Parameters<typeof healthLine>[0]): string => healthLine(event)[1]
    assert.equal(levelOf({ type: 'target.ejected', target, because: 'success_rate', forMs: 30_000 }), 'warn')
    assert.equal(levelOf({ type: 'target.returned', target, was: 'ejected', stillOut: [] }), 'info')
    assert.equal(levelOf({ type: 'target.health', target, isHealthy: false, detail: 'status 500' }), 'warn')
    assert.equal(levelOf({ type: 'target.health', target, isHealthy: true, detail: 'status 200' }), 'info')
    assert.equal(levelOf({ type: 'breaker.changed', target, from: 'closed', to: 'open' }), 'warn')
    assert.equal(levelOf({ type: 'breaker.changed', target, from: 'open', to: 'half_open' }), 'info')
  })

  for (const [event, line] of [
    [
      { type: 'target.ejected', target, because: 'failures', forMs: 29_500, inARow: 5, last: 'status 503' },
      'target a of upstream work is ejected for 30s: 5 attempts in a row failed, last: status 503',
    ],
    [{ type: 'target.returned', target, was: 'resting', stillOut: [] }, 'target a of upstream work is back'],
    [
      { type: 'target.returned', target, was: 'ejected', stillOut: ['unhealthy'] },
      'target a of upstream work is no longer ejected, but still fails its checks',
    ],
    [
      { type: 'target.returned', target, was: 'resting', stillOut: ['unhealthy', 'breaker_open'] },
      'target a of upstream work no longer rests, but still fails its checks and its breaker is still open',
    ],
    [
      {
        type: 'breaker.changed',
        target,
        from: 'closed',
        to: 'open',
        forMs: 30_000,
        opening: { failed: 12, attempts: 20, windowMs: 10_000 },
      },
      'the breaker of target a of upstream work is open for 30s: 12 of 20 attempts of the last 10s failed (60 %)',
    ],
    [
      { type: 'breaker.changed', target, from: 'half_open', to: 'open', forMs: 30_000 },
      'the breaker of target a of upstream work is open for 30s again: its trial attempt failed',
    ],
    [
      { type: 'breaker.changed', target, from: 'open', to: 'half_open' },
      'the breaker of target a of upstream work is half open, was open',
    ],
  ] as const satisfies readonly (readonly [TargetEvent, string])[]) {
    it(`says: ${line}`, () => assert.equal(healthLine(event)[0], line))
  }
})
