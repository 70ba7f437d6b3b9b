import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { targetOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { upstreamHealth } from '../balance/health/upstream-health.ts'
import { configSchema } from '../config/schema.ts'
import { targetsOf } from '../config/targets.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { HealthKeeping } from './health-keeping.ts'
import { healthLine } from './health-line.ts'

const configOf = (options: object = {}, names = ['a', 'b']) =>
  configSchema.parse({
    upstreams: {
      work: { targets: Object.fromEntries(names.map((name) => [name, `http://${name}.test`])), ...options },
    },
    routes: [],
  })

function kept(t: TestContext) {
  const clock = new VirtualClock()
  const memory = new SharedMemory()
  const lines: string[] = []
  const keeping = new HealthKeeping({ clock, random: () => 0, memory, log: (text) => lines.push(text) })
  t.after(() => keeping.close())
  /** As a worker's attempts do. */
  const fail = (config: ReturnType<typeof configOf>, place: number): void => {
    const options = config.upstreams['work']
    assert.ok(options)
    const health = upstreamHealth(targetsOf('work', options), options, clock, memory.scope('upstream work'))
    for (let i = 0; i < 5; i++) health?.ejections?.note(place, false, clock.now())
  }
  const ejections = (target: string): number | undefined =>
    keeping.figures().find((one) => one.target === target)?.ejections.failures
  return { clock, keeping, lines, fail, ejections }
}

describe('HealthKeeping', () => {
  it('keeps what is known, and all counts, when an upstream is made anew with the same targets', async (t) => {
    const { clock, keeping, fail, ejections } = kept(t)
    const before = configOf()
    keeping.change(before)
    fail(before, 0)
    await clock.advance(1000)
    assert.equal(ejections('a'), 1)
    const after = configOf({ keepAlive: '1s' })
    keeping.prepare(after)
    keeping.change(after)
    assert.deepEqual([ejections('a'), keeping.figures()[0]?.isAvailable], [1, false])
    await clock.advance(30_000)
    assert.equal(keeping.figures()[0]?.isAvailable, true)
    fail(after, 0)
    assert.equal(ejections('a'), 2)
  })

  it('begins anew with other targets, and no count falls', async (t) => {
    const { clock, keeping, fail, ejections } = kept(t)
    const before = configOf()
    keeping.change(before)
    fail(before, 0)
    await clock.advance(10)
    const after = configOf({}, ['b', 'a'])
    keeping.change(after)
    assert.deepEqual(
      keeping.figures().map(({ target, isAvailable }) => [target, isAvailable]),
      [
        ['b', true],
        ['a', true],
      ],
    )
    fail(after, 1)
    assert.equal(ejections('a'), 2)
    keeping.change(before)
    assert.deepEqual([ejections('a'), ejections('b')], [2, 0])
  })

  it('writes one line for each change', async (t) => {
    const { clock, keeping, lines, fail } = kept(t)
    const config = configOf()
    keeping.change(config)
    fail(config, 1)
    await clock.advance(31_000)
    assert.deepEqual(lines, [
      'target b of upstream work is ejected for 29s: too many attempts in a row failed',
      'target b of upstream work is back',
    ])
  })

  it('leaves no timer behind', async (t) => {
    const { clock, keeping } = kept(t)
    keeping.change(configOf({ health: { path: '/' } }))
    keeping.change(configOf({}, ['only']))
    assert.deepEqual(keeping.figures(), [])
    keeping.close()
    await clock.advance(0)
    assert.equal(clock.pendingCount, 0)
  })
})

describe('healthLine', () => {
  const target = targetOf('a')

  it('warns of bad news alone', () => {
    const levelOf = (event: Parameters<typeof healthLine>[0]): string => healthLine(event)[1]
    assert.equal(levelOf({ type: 'target.ejected', target, because: 'success_rate', forMs: 30_000 }), 'warn')
    assert.equal(levelOf({ type: 'target.returned', target }), 'info')
    assert.equal(levelOf({ type: 'target.health', target, isHealthy: false, detail: 'status 500' }), 'warn')
    assert.equal(levelOf({ type: 'target.health', target, isHealthy: true, detail: 'status 200' }), 'info')
    assert.equal(levelOf({ type: 'breaker.changed', target, from: 'closed', to: 'open' }), 'warn')
    assert.equal(levelOf({ type: 'breaker.changed', target, from: 'open', to: 'half_open' }), 'info')
  })
})
