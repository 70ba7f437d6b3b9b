import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { configSchema } from '../config/schema.ts'
import { apply } from '../kit/reload.ts'
import type { Upstream } from './upstream.ts'
import { UpstreamSet } from './upstream-set.ts'

const configOf = (keepAlive: Readonly<Record<string, string>>) =>
  configSchema.parse({
    upstreams: Object.fromEntries(
      Object.entries(keepAlive).map(([name, time]) => [name, { targets: ['http://127.0.0.1:9'], keepAlive: time }]),
    ),
  }).upstreams

function opened() {
  const clock = new VirtualClock()
  const open = new Set<string>()
  let exchanges = 0
  const make = (name: string, config: ReturnType<typeof configOf>[string]): Upstream => {
    const id = `${name} ${config.keepAlive}`
    open.add(id)
    const client = { destroy: () => open.delete(id), connections: () => ({ open: exchanges, idle: 0 }) }
    return { name, config, client } as unknown as Upstream
  }
  const set = new UpstreamSet({ clock, make })
  return { clock, set, open: () => [...open].sort(), use: (count: number) => (exchanges = count) }
}

describe('UpstreamSet', () => {
  it('keeps unchanged upstreams, and frees the former ones when their last exchange has ended', async () => {
    const { clock, set, open, use } = opened()
    await apply(set, configOf({ a: '1s', b: '1s', c: '1s' }))
    const kept = set.current.get('a')
    use(1)
    const change = await set.prepare(configOf({ a: '1s', b: '2s' }))
    change.commit()
    assert.equal(set.current.get('a'), kept)
    let isRetired = false
    void change.retired().then(() => {
      isRetired = true
    })
    await clock.advance(600)
    assert.deepEqual([isRetired, open()], [false, ['a 1000', 'b 1000', 'b 2000', 'c 1000']])
    use(0)
    await clock.advance(600)
    assert.deepEqual([isRetired, open(), clock.pendingCount], [true, ['a 1000', 'b 2000'], 0])
  })

  it('frees only the new ones at a rollback', async () => {
    const { set, open } = opened()
    await apply(set, configOf({ a: '1s', b: '1s' }))
    const before = set.current
    const change = await set.prepare(configOf({ a: '1s', b: '2s', c: '1s' }))
    await change.rollback()
    assert.deepEqual([set.current, open()], [before, ['a 1000', 'b 1000']])
  })

  it('frees all of them when it is closed, also those that wait for their calls', async () => {
    const { clock, set, open, use } = opened()
    await apply(set, configOf({ a: '1s' }))
    use(1)
    const first = await set.prepare(configOf({ a: '2s' }))
    first.commit()
    const retired = first.retired()
    const second = await set.prepare(configOf({ a: '3s' }))
    second.commit()
    set.close()
    await Promise.all([retired, second.retired()])
    assert.deepEqual([open(), clock.pendingCount], [[], 0])
  })
})
