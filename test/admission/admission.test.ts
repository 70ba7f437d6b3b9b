import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { CallListView, LimitListView } from '../../src/admin/api.ts'
import { configSchema } from '../../src/config/schema.ts'
import { adminUrl, askJson } from '../kit/admin.ts'
import { type Answer, ask } from '../kit/ask.ts'
import { openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'
import { clients } from '../workers/kit.ts'

/** A target that answers on command and records its highest concurrency. */
async function heldTarget(scene: Scene) {
  const held: ServerResponse[] = []
  const target = await scene.target((_message, response) => {
    held.push(response)
    response.on('close', () => {
      if (held.includes(response)) held.splice(held.indexOf(response), 1)
    })
  })
  const holds = (count: number) =>
    until(
      () => `the target holds ${count}: ${held.length}`,
      () => held.length === count,
    )
  return { target, held, holds }
}

const codeOf = ({ status, body }: Answer) => [status, (JSON.parse(body) as { readonly code: string }).code]

/** Uses a connection per call, so that every worker gets some. */
async function askAll(t: TestContext, url: string, count: number): Promise<readonly Answer[]> {
  const agents = clients(t, count)
  const answers = await Promise.all(agents.map((agent) => ask(url, { agent })))
  for (const agent of agents) agent.destroy()
  return answers
}

describe('a rate limit', () => {
  it('refuses calls above the rate, and reports the remaining quota to every client', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => response.end('good'))
    const { url } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', rateLimit: { limit: 2, per: '1m' }, forward: { upstream: 'work' } }],
    })
    const good = await ask(url)
    assert.deepEqual(
      [good.status, good.headers['ratelimit-policy'], good.headers['ratelimit']],
      [200, '"client";q=2;w=60', '"client";r=1;t=30'],
    )
    assert.equal((await ask(url)).status, 200)
    const refused = await ask(url)
    assert.deepEqual(codeOf(refused), [429, 'RATE_LIMITED'])
    assert.deepEqual([refused.headers['retry-after'], refused.headers['ratelimit']], ['30', '"client";r=0;t=30'])
  })

  it('takes the client address from a trusted proxy only', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => response.end('good'))
    const config = {
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', rateLimit: { limit: 1, per: '1m' }, forward: { upstream: 'work' } }],
    }
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    const statuses = async (url: string) => {
      const told = []
      for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1']) told.push((await ask(url, from(address))).status)
      return told
    }
    const plain = await scene.gateway(config)
    assert.deepEqual(await statuses(plain.url), [200, 429, 429])
    const behind = await scene.gateway({ ...config, trust: ['127.0.0.1'] })
    assert.deepEqual(await statuses(behind.url), [200, 200, 429])
  })

  it('applies to all workers together', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => response.end('good'))
    const { url } = await scene.gateway({
      workers: 2,
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', rateLimit: { limit: 7, per: '1h', by: 'route' }, forward: { upstream: 'work' } }],
    })
    const all = await askAll(t, url, 24)
    assert.equal(all.filter(({ status }) => status === 200).length, 7)
    assert.equal(all.filter(({ status }) => status === 429).length, 17)
  })
})

describe('a limit on calls in flight', () => {
  const rules = { limit: 2, queue: 1, queueTime: '10s' }

  it('queues excess calls, sheds at once those that cannot queue, and reports all of it', async (t) => {
    const scene = openScene(t)
    const { target, held, holds } = await heldTarget(scene)
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: upstreamOf(target),
      routes: [{ match: 'GET /held', concurrency: rules, forward: { upstream: 'work' } }],
    })
    const first = [ask(`${url}/held`), ask(`${url}/held`)]
    await holds(2)
    const waiting = ask(`${url}/held`)
    const limits = async () => (await askJson<LimitListView>(`${adminUrl(gateway)}/api/limits`)).json.routes[0]
    await until('it waits', async () => (await limits())?.concurrency?.queued === 1)
    const shed = await ask(`${url}/held`)
    assert.deepEqual([...codeOf(shed), shed.headers['retry-after']], [503, 'OVERLOADED', '1'])
    const scrape = new Scrape((await ask(`${adminUrl(gateway)}/metrics`)).body)
    const route = { route: 'GET /held' }
    assert.deepEqual(
      ['limit', 'in_flight', 'queued'].map((what) => scrape.sum(`hedgerow_concurrency_${what}`, route)),
      [2, 2, 1],
    )
    assert.equal(scrape.sum('hedgerow_calls_shed_total', { ...route, reason: 'full' }), 1)
    held.shift()?.end('one')
    await holds(2)
    for (const response of held.splice(0)) response.end('all')
    assert.deepEqual(
      (await Promise.all([...first, waiting])).map(({ status }) => status),
      [200, 200, 200],
    )
    await until('no slot is taken', async () => (await limits())?.concurrency?.inFlight === 0)
    assert.deepEqual((await limits())?.shed, { rate: 0, full: 1, waited: 0, displaced: 0, memory: 0 })
  })

  it('frees the slots and queue entries of clients that hang up while queued, in flight or receiving', async (t) => {
    const scene = openScene(t)
    const { target, held, holds } = await heldTarget(scene)
    const { url, gateway } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', concurrency: rules, forward: { upstream: 'work' } }],
    })
    const figures = async () => (await gateway.view.admission())?.routes['/*'] ?? assert.fail()
    const leaving = new AbortController()
    const { signal } = leaving
    const begun = Promise.withResolvers<void>()
    const asked = [ask(url, { signal, onData: () => begun.resolve() }), ask(url, { signal })]
    await holds(2)
    held[0]?.write('begun')
    held[1]?.write('begun')
    await begun.promise
    asked.push(ask(url, { signal }))
    await until('one waits', async () => (await figures()).queued === 1)
    assert.equal((await figures()).inFlight, 2)
    leaving.abort()
    await Promise.allSettled(asked)
    await until('none is left', async () => {
      const { inFlight, queued } = await figures()
      return inFlight + queued === 0
    })
    const next = [ask(url), ask(url)]
    await holds(2)
    for (const response of held.splice(0)) response.end('good')
    await Promise.all(next)
  })

  it('ends the wait at the deadline, and reports how long it was', async (t) => {
    const scene = openScene(t)
    const { target, held, holds } = await heldTarget(scene)
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: upstreamOf(target),
      routes: [
        {
          match: '/*',
          deadline: { default: '5s', from: { query: 'timeout' } },
          concurrency: { ...rules, limit: 1 },
          forward: { upstream: 'work' },
        },
      ],
    })
    const first = ask(url)
    await holds(1)
    const late = await ask(`${url}/?timeout=200`)
    assert.deepEqual(codeOf(late), [504, 'DEADLINE'])
    assert.match(late.body, /No good answer within 200 ms, \d+ ms of them in the queue/)
    const { calls } = (await askJson<CallListView>(`${adminUrl(gateway)}/api/calls?which=failed`)).json
    assert.ok((calls[0]?.queuedMs ?? 0) > 0, JSON.stringify(calls))
    held[0]?.end()
    await first
  })

  it('of the gateway admits the route with the higher priority first', async (t) => {
    const scene = openScene(t)
    const { target, held, holds } = await heldTarget(scene)
    const order: string[] = []
    const { url, gateway } = await scene.gateway({
      concurrency: { limit: 1, queue: 3, queueTime: '10s' },
      upstreams: upstreamOf(target),
      routes: [
        { match: '/low', priority: 'low', forward: { upstream: 'work' } },
        { match: '/high', priority: 'high', forward: { upstream: 'work' } },
      ],
    })
    const queued = (count: number) =>
      until('they wait', async () => (await gateway.view.admission())?.whole?.queued === count)
    const asked = (path: string) => ask(url + path).then(() => order.push(path))
    const all = [asked('/low')]
    await holds(1)
    for (const path of ['/low', '/low', '/high']) {
      all.push(asked(path))
      await queued(all.length - 1)
    }
    const displaced = asked('/high')
    await until('one made room', () => order.length === 1)
    for (let left = 4; left > 0; left--) {
      await holds(1)
      held[0]?.end()
      await until('it is answered', () => order.length === 6 - left)
    }
    await Promise.all([...all, displaced])
    assert.deepEqual(order, ['/low', '/low', '/high', '/high', '/low'])
  })

  it('applies to all workers together, wherever the slots and the queued calls are', async (t) => {
    const scene = openScene(t)
    let [inside, most] = [0, 0]
    const target = await scene.target((_message, response) => {
      most = Math.max(most, ++inside)
      setTimeout(() => {
        inside--
        response.end('good')
      }, 5)
    })
    const { url } = await scene.gateway({
      workers: 2,
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', concurrency: { limit: 3, queue: 100, queueTime: '10s' }, forward: { upstream: 'work' } }],
    })
    const all = await askAll(t, url, 60)
    assert.ok(all.every(({ status }) => status === 200))
    assert.ok(most <= 3, `${most} at a time`)
  })

  it('keeps its count over a reload, and an older call frees its slot', async (t) => {
    const scene = openScene(t)
    const { target, held, holds } = await heldTarget(scene)
    const configOf = (queueTime: string) => ({
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', concurrency: { limit: 1, queue: 1, queueTime }, forward: { upstream: 'work' } }],
    })
    const { url, gateway } = await scene.gateway(configOf('10ms'))
    const first = ask(url)
    await holds(1)
    const next = configSchema.parse({ ...configOf('20ms'), listen: { port: 0 } })
    assert.deepEqual(await gateway.reload(next), { ok: true })
    assert.equal((await ask(url)).status, 503)
    held[0]?.end()
    assert.equal((await first).status, 200)
    const again = ask(url)
    await holds(1)
    held[0]?.end()
    assert.equal((await again).status, 200)
  })
})
