import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask } from '../kit/ask.ts'
import { assertBetween, holdsNoClient, isQuiet, openScene, openTargets, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

type RouteInput = NonNullable<ConfigInput['routes']>[number]

const hanging = { endpoints: { 'GET /api/work': { faults: { hangAfterAccept: 1 } } } }

const strategies: Readonly<Record<string, { readonly route: Omit<RouteInput, 'match'>; readonly attempts: number }>> = {
  forward: { route: { forward: { upstream: 'work' } }, attempts: 1 },
  hedge: {
    route: { hedge: { upstream: 'work', after: '30ms', extra: 2, budget: 'unlimited' } },
    attempts: 3,
  },
  first: { route: { first: { upstream: 'work', calls: 2 } }, attempts: 2 },
  all: { route: { all: { upstream: 'work', calls: 2 } }, attempts: 2 },
  quorum: { route: { quorum: { upstream: 'work', of: 3, need: 2 } }, attempts: 3 },
}

describe('a client that hangs up', () => {
  for (const [name, { route, attempts }] of Object.entries(strategies)) {
    it(`cancels every attempt of its call at once, at the target too: ${name}`, async (t) => {
      const scene = openScene(t)
      const backend = await scene.backend(hanging)
      const gateway = await scene.gateway({
        upstreams: upstreamOf(backend),
        routes: [{ match: 'GET /api/work', deadline: '30s', ...route }],
      })
      for (let round = 1; round <= 5; round++) {
        const client = await scene.wire(gateway)
        client.send('GET /api/work HTTP/1.1\r\nHost: a\r\n\r\n')
        await until('all attempts are there', () => backend.stats().inFlight === attempts)
        const goneAtMs = performance.now()
        client.destroy()
        await until('the target sees them go', () => backend.stats().aborted === round * attempts)
        assertBetween(performance.now() - goneAtMs, 0, 500, 'ms')
        await until('their sockets are closed', () => backend.stats().connections === 0)
        assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
        assert.equal(await gateway.gateway.view.inFlight(), 0)
      }
    })
  }

  it('ends the answer that it was reading', async (t) => {
    const scene = openScene(t)
    const body = { text: 'x'.repeat(2000) }
    const slowBody = { share: 1, spreadMs: 60_000, chunks: 1000 }
    const backend = await scene.backend({ endpoints: { 'GET /api/work': { body, slowBody } } })
    for (const route of [strategies['forward'], strategies['first'], strategies['hedge']]) {
      const gateway = await scene.gateway({
        upstreams: upstreamOf(backend),
        routes: [{ match: 'GET /api/work', ...(route as (typeof strategies)[string]).route }],
      })
      const client = await scene.wire(gateway)
      client.send('GET /api/work HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.receives('xx')
      client.destroy()
      await until('the target sees it go', () => backend.stats().connections === 0)
      assert.equal(backend.stats().inFlight, 0)
    }
  })
})

describe('the losers of a race', () => {
  it('are closed as soon as a hedge has won', async (t) => {
    const scene = openScene(t)
    const slow = await scene.backend(hanging)
    const fast = await scene.backend({ endpoints: { 'GET /api/work': { body: { json: 1 } } } })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(slow, fast),
      routes: [{ match: 'GET /api/work', hedge: { upstream: 'work', after: '50ms', extra: 1, budget: 'unlimited' } }],
    })
    const answer = await ask(`${gateway.url}/api/work`)
    assert.equal(answer.status, 200)
    assertBetween(answer.ms, 45, 300, 'ms')
    await until('the loser is gone', () => slow.stats().aborted === 1 && slow.stats().connections === 0)
    assert.deepEqual(await openTargets(gateway.gateway), { open: 1, idle: 1 })
  })

  it('are closed when first has its answer, even while it is being streamed', async (t) => {
    const scene = openScene(t)
    const slow = await scene.backend(hanging)
    const streaming = await scene.backend({
      endpoints: { 'GET /api/work': { body: { text: 'abcdefgh' }, slowBody: { share: 1, spreadMs: 400, chunks: 4 } } },
    })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(slow, streaming),
      routes: [{ match: 'GET /api/work', first: { upstream: 'work', calls: 2 } }],
    })
    const client = await scene.wire(gateway)
    client.send('GET /api/work HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.receives('ab')
    await until('the loser is gone', () => slow.stats().aborted === 1)
    assert.equal(streaming.stats().inFlight, 1)
    assert.equal((await client.message()).body, 'abcdefgh')
  })

  it('are closed at the first failure of all', async (t) => {
    const scene = openScene(t)
    const slow = await scene.backend(hanging)
    const failing = await scene.backend({ endpoints: { 'GET /api/work': { status: { '500': 1 } } } })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(slow, failing),
      routes: [{ match: 'GET /api/work', all: { upstream: 'work', calls: 2 } }],
    })
    const answer = await ask(`${gateway.url}/api/work`)
    assert.equal(answer.status, 502)
    assertBetween(answer.ms, 0, 300, 'ms')
    await until('the loser is gone', () => slow.stats().aborted === 1 && slow.stats().connections === 0)
  })

  it('are closed when quorum has agreed, or can no longer agree', async (t) => {
    const scene = openScene(t)
    const answering = (body: number) => scene.backend({ endpoints: { 'GET /api/work': { body: { json: body } } } })
    const slow = await scene.backend(hanging)
    const [one, other, failing] = [
      await answering(1),
      await answering(1),
      await scene.backend({ endpoints: { 'GET /api/work': { status: { '500': 1 } } } }),
    ]
    for (const [targets, need, status] of [
      [[slow, one, other], 2, 200],
      [[slow, one, failing], 3, 502],
    ] as const) {
      const before = slow.stats().aborted
      const gateway = await scene.gateway({
        upstreams: upstreamOf(...targets),
        routes: [{ match: 'GET /api/work', quorum: { upstream: 'work', of: 3, need } }],
      })
      const answer = await ask(`${gateway.url}/api/work`)
      assert.equal(answer.status, status)
      assertBetween(answer.ms, 0, 300, 'ms')
      await until('the slow one is gone', () => slow.stats().aborted === before + 1)
    }
  })
})

describe('hundreds of calls', () => {
  for (const [name, { route }] of Object.entries(strategies)) {
    it(`that time out, or whose clients hang up, leave nothing behind: ${name}`, async (t) => {
      const scene = openScene(t)
      const backend = await scene.backend(hanging)
      const gateway = await scene.gateway({
        upstreams: upstreamOf(backend),
        routes: [{ match: 'GET /api/work', deadline: '100ms', ...route }],
      })
      const statuses: number[] = []
      const timesOut = async (): Promise<void> => {
        statuses.push((await ask(`${gateway.url}/api/work`)).status)
      }
      const hangsUp = async (i: number): Promise<void> => {
        const client = await scene.wire(gateway)
        client.send('GET /api/work HTTP/1.1\r\nHost: a\r\n\r\n')
        await sleep(i % 60)
        client.destroy()
      }
      const calls = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? timesOut() : hangsUp(i)))
      await Promise.all(calls)
      assert.deepEqual([...new Set(statuses)], [504])
      assert.equal(statuses.length, 150)
      await holdsNoClient(gateway.gateway)
      await isQuiet(gateway.gateway)
      await until('no socket is left at the target', () => backend.stats().connections === 0)
      assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
    })
  }

  it('to a target that resets half of them leave nothing behind', async (t) => {
    const scene = openScene(t)
    const faults = { resetBeforeHead: 0.25, resetMidBody: 0.25 }
    const backend = await scene.backend({ endpoints: { 'GET /api/work': { body: { json: { time: 1 } }, faults } } })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [
        { match: 'GET /api/work', forward: { upstream: 'work' } },
        {
          match: 'GET /hedge',
          hedge: { upstream: 'work', path: '/api/work', after: '20ms', extra: 3, success: { json: true } },
        },
      ],
    })
    const ends = await Promise.allSettled(
      Array.from({ length: 300 }, (_, i) => ask(`${gateway.url}${i % 2 === 0 ? '/api/work' : '/hedge'}`)),
    )
    assert.ok(ends.some(({ status }) => status === 'fulfilled'))
    await isQuiet(gateway.gateway)
  })
})
