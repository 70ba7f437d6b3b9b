import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bad, good, headerOf, scene, sentTo } from '../../test/kit/broadcast-scene.ts'
import { codeOf, responseOf } from '../../test/kit/calls.ts'
import { given } from '../../test/kit/results.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { DeliveryStore, StoredLeg } from '../store/delivery-store.ts'

const inOrder = { order: { by: 'form.username' } } as const
const one = { names: ['a'] }

async function legsOf(store: DeliveryStore, id: string): Promise<readonly StoredLeg[]> {
  const stored = given(await store.find(id))
  assert.ok(stored !== undefined && 'legs' in stored)
  return stored.legs
}

async function legOf(store: DeliveryStore, id: string, target: string): Promise<StoredLeg | undefined> {
  return (await legsOf(store, id)).find((leg) => leg.target === target)
}

function body(n: number) {
  return { body: Buffer.from(`username=bob&n=${n}`) }
}

function numberOf(request: GatewayRequest): string {
  return /n=(\d)/.exec(Buffer.from(request.body as Uint8Array).toString())?.[1] ?? ''
}

describe('a reload of a broadcast route', () => {
  it('changes nothing until all routes are handed over: building a route has no effect', async () => {
    const { clock, upstream, write, build } = scene(() => bad, { attempts: 3 })
    write()
    await clock.advance(100)
    build({ attempts: 1 }, ['a'], [])
    await clock.advance(10_000)
    assert.equal(sentTo(upstream, 'a').length, 3)
    assert.equal(sentTo(upstream, 'c').length, 3)
  })

  it('fails the legs of a removed target at once, on disk, and continues the others', async () => {
    const { clock, upstream, write, store, reload, deliveries } = scene((target) => (target === 'a' ? good : bad))
    write()
    await clock.advance(100)
    assert.equal(reload({}, ['a', 'b']), 1)
    await clock.advance(0)
    const leg = await legOf(store, 'id-1', 'c')
    assert.deepEqual([leg?.state, leg?.detail], ['dead', 'its target is no longer configured'])
    await clock.advance(5000)
    assert.equal(sentTo(upstream, 'c').length, 1)
    assert.ok(sentTo(upstream, 'b').length > 1)
    assert.equal(deliveries.abandonedCount, 1)
  })

  it('fails all legs of a removed route, and answers the waiting client', async () => {
    const { clock, write, store, deliveries } = scene(() => bad)
    const { answer } = write()
    await clock.advance(100)
    assert.equal(deliveries.reconfigure([]), 3)
    await clock.advance(1)
    assert.equal(codeOf(answer.outcome), 'BROADCAST_FAILED')
    for (const { state, detail } of await legsOf(store, 'id-1'))
      assert.deepEqual([state, detail], ['dead', 'its route is no longer configured'])
    assert.equal(deliveries.pendingCount, 0)
    assert.equal(clock.pendingCount, 1, 'only the retention timer')
  })

  it('lets an attempt under way end: an acknowledged leg counts, a failed leg is dead', async () => {
    const answers = (target: string) => ({ ...(target === 'a' ? good : bad), afterMs: 200 })
    const { clock, write, store, deliveries, upstream } = scene(answers, { respond: 'all' })
    const { answer } = write()
    await clock.advance(100)
    assert.equal(deliveries.reconfigure([]), 0)
    assert.equal(answer.outcome, undefined)
    await clock.advance(10_000)
    assert.equal(codeOf(answer.outcome), 'BROADCAST_FAILED')
    assert.deepEqual(
      (await legsOf(store, 'id-1')).map(({ state, attempts, detail }) => [state, attempts, detail]),
      [
        ['acknowledged', 1, undefined],
        ['dead', 1, 'its route is no longer configured'],
        ['dead', 1, 'its route is no longer configured'],
      ],
    )
    assert.equal(upstream.seen.length, 3)
    assert.equal(deliveries.abandonedCount, 2)
  })

  it('applies attempts, backoff and service from the next attempt on', async () => {
    const { clock, upstream, write, store, reload } = scene(() => bad, { attempts: 9 }, undefined, one)
    write()
    await clock.advance(100)
    reload({ attempts: 3, backoff: { base: '10s', jitter: '0s' }, attemptTimeout: '1s' })
    // The current wait keeps its length; the next wait uses the new schedule.
    await clock.advance(30_000)
    const [first = 0, second = 0, third = 0, ...more] = sentTo(upstream, 'a')
    assert.ok(second - first < 1200)
    assert.equal(Math.round(third - second), 20_010)
    assert.deepEqual(more, [])
    assert.equal((await legOf(store, 'id-1', 'a'))?.state, 'dead')
  })

  it('applies a higher concurrency at once, a lower one as attempts end', async () => {
    const slow = { ...good, afterMs: 1000 }
    const { clock, upstream, write, reload } = scene(() => slow, { concurrency: 1 }, undefined, one)
    for (let n = 0; n < 9; n++) write()
    await clock.advance(10)
    assert.equal(upstream.openCount, 1)
    reload({ concurrency: 4 })
    assert.equal(upstream.openCount, 4)
    reload({ concurrency: 2 })
    await clock.advance(1000)
    assert.equal(upstream.openCount, 2)
    await clock.advance(10_000)
    assert.equal(upstream.seen.length, 9)
  })

  it('keeps a lane in order behind attempts under way when its upstream is renamed', async () => {
    const slow = { ...good, afterMs: 300 }
    const { clock, upstream, write, reload } = scene(() => slow, inOrder, undefined, one)
    for (const n of [1, 2]) write(body(n))
    await clock.advance(100)
    reload({ ...inOrder, upstream: 'other' })
    write(body(3))
    await clock.advance(100)
    reload(inOrder)
    write(body(4))
    await clock.advance(5000)
    assert.deepEqual(
      upstream.seen.map(({ request, sentMs }) => [numberOf(request), sentMs]),
      [
        ['1', 0],
        ['2', 300],
        ['3', 600],
        ['4', 900],
      ],
    )
  })

  it('lets a lane go on after it gave up one of its legs', async () => {
    const answers = (_target: string, _attempt: number, request: GatewayRequest) =>
      numberOf(request) === '1' ? bad : good
    const { clock, upstream, write, reload, store } = scene(answers, inOrder, undefined, { names: ['a', 'b'] })
    for (const n of [1, 2]) write(body(n))
    await clock.advance(100)
    reload(inOrder, ['b'])
    await clock.advance(0)
    reload(inOrder, ['a', 'b'])
    write(body(3))
    await clock.advance(500)
    assert.deepEqual(
      upstream.seen
        .filter(({ request }) => request.attempt?.target.name === 'a')
        .map(({ request }) => numberOf(request)),
      ['1', '3'],
    )
    assert.equal((await legOf(store, 'id-2', 'a'))?.detail, 'its target is no longer configured')
    assert.equal((await legOf(store, 'id-3', 'a'))?.state, 'acknowledged')
  })

  it('allows a replay of abandoned legs once their target is back', async () => {
    const { clock, upstream, write, store, reload, deliveries } = scene((_target, attempt) =>
      attempt === 1 ? bad : good,
    )
    write()
    await clock.advance(100)
    reload({}, ['a', 'b'])
    await clock.advance(5000)
    assert.equal(given(await deliveries.operator.operate('id-1', 'replay')), 0)
    reload({}, ['a', 'b', 'c'])
    const replayed = deliveries.operator.operate('id-1', 'replay')
    await clock.advance(5000)
    assert.equal(given(await replayed), 1)
    assert.equal((await legOf(store, 'id-1', 'c'))?.state, 'acknowledged')
    const attempts = upstream.seen.filter(({ request }) => request.attempt?.target.name === 'c')
    assert.deepEqual(
      attempts.map(({ request }) => headerOf(request, 'x-hedgerow-attempt')),
      ['1', '1', '2'],
    )
  })

  it('delivers a write accepted by the old stack to the targets that remain', async () => {
    const { clock, write, store, reload, build, deliveries } = scene(() => good)
    const before = write()
    // The call found its route before the reload; its delivery starts after it.
    reload({}, ['b'])
    await clock.advance(100)
    assert.equal(responseOf(before.answer.outcome).status, 201)
    assert.deepEqual(
      (await legsOf(store, 'id-1')).map(({ state }) => state),
      ['dead', 'acknowledged', 'dead'],
    )
    assert.ok(build({}, ['b'], []))
    assert.equal(deliveries.pendingCount, 0)
  })

  it('changes nothing during shutdown', async () => {
    const { clock, write, store, deliveries } = scene(() => bad)
    write()
    await clock.advance(100)
    await Promise.all([deliveries.stop(0), clock.advance(1)])
    assert.equal(deliveries.reconfigure([]), 0)
    for (const { state } of await legsOf(store, 'id-1')) assert.equal(state, 'pending')
  })
})

describe('retention', () => {
  it('can be changed by a reload', async () => {
    const { clock, write, store, deliveries } = scene(() => good)
    write()
    await clock.advance(120_000)
    assert.ok(given(await store.find('id-1')))
    deliveries.update({ retentionMs: 60_000 })
    await clock.advance(60_000)
    assert.equal(given(await store.find('id-1')), undefined)
  })
})
