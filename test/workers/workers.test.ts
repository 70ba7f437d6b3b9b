import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { adminUrl, askJson } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { upstreamOf } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'
import { clients, openWorkers } from './kit.ts'

describe('a gateway with workers', () => {
  it('serves calls in several threads, and shows them as one', async (t) => {
    const { gateway, threads } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(await scene.target((_message, response) => response.end('here'))),
      routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
    }))
    const agents = clients(t, 40)
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(agents.map((agent) => ask(`${gateway.url}/work`, { agent })))
      assert.ok(answers.every(({ status, body }) => status === 200 && body === 'here'))
    }
    assert.equal(threads.length, 2)
    const scrape = new Scrape((await ask(`${adminUrl(gateway.gateway)}/metrics`)).body)
    assert.equal(scrape.sum('hedgerow_calls_total', { route: 'GET /work', status: '2xx' }), 80)
    assert.equal(scrape.sum('hedgerow_workers'), 2)
    assert.equal((await gateway.gateway.view.connections()).active, 40)
  })

  it('lists the failed calls of every worker', async (t) => {
    const { gateway } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target((_message, response) => {
          response.statusCode = 500
          response.end()
        }),
      ),
      routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
    }))
    const answers = await Promise.all(
      clients(t, 20).map((agent) => ask(`${gateway.url}/work`, { agent, headers: { 'x-request-id': 'a' } })),
    )
    const url = `${adminUrl(gateway.gateway)}/api/calls`
    const { json } = await askJson<{ readonly calls: readonly { readonly id: string }[] }>(`${url}?which=failed`)
    assert.deepEqual(
      json.calls.map(({ id }) => id).sort(),
      answers.map(({ headers }) => String(headers['x-request-id'])).sort(),
    )
    const [{ id }] = json.calls as [{ id: string }]
    assert.equal((await askJson(`${url}/${id}`)).status, 200)
  })

  it('applies a budget to all workers together', async (t) => {
    let asked = 0
    const { gateway } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target((_message, response) => {
          asked++
          setTimeout(() => response.end('late'), 700)
        }),
      ),
      routes: [{ match: 'GET /work', hedge: { upstream: 'work', after: '100ms', extra: 1, budget: '0%' } }],
    }))
    const answers = await Promise.all(clients(t, 30).map((agent) => ask(`${gateway.url}/work`, { agent })))
    assert.ok(answers.every(({ status }) => status === 200))
    // Three in flight are always granted.
    assert.equal(asked, 33)
  })

  it('applies the connection limit to all workers together', async (t) => {
    const { gateway } = await openWorkers(t, async (scene) => ({
      listen: { maxConnections: 10 },
      upstreams: upstreamOf(await scene.target((_message, response) => response.end('here'))),
      routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
    }))
    const ends = await Promise.all(
      clients(t, 30).map((agent) =>
        ask(`${gateway.url}/work`, { agent }).then(
          () => 'served',
          () => 'refused',
        ),
      ),
    )
    assert.equal(ends.filter((end) => end === 'served').length, 10)
    assert.equal((await gateway.gateway.view.connections()).refused, 20)
  })

  it('makes deliveries in one thread, whichever worker took the write', async (t) => {
    const writes: string[] = []
    const { gateway } = await openWorkers(t, async (scene) => {
      const target = () =>
        scene.target((message, response) => {
          writes.push(String(message.headers['idempotency-key']))
          response.writeHead(201).end('made')
        })
      return {
        upstreams: upstreamOf(await target(), await target()),
        routes: [{ match: 'POST /register', broadcast: { upstream: 'work', respond: 'all' } }],
      }
    })
    const body = 'username=bob'
    const headers = { 'idempotency-key': 'the-key', 'content-type': 'application/x-www-form-urlencoded' }
    const answers = []
    for (const agent of clients(t, 12)) {
      answers.push(await ask(`${gateway.url}/register`, { method: 'POST', body, headers, agent }))
    }
    assert.ok(answers.every((answer) => answer.status === 201 && answer.body === 'made'))
    assert.deepEqual(writes, ['the-key', 'the-key'])
    const links = new Set(answers.map((answer) => String(answer.headers.link)))
    assert.equal(links.size, 1)
    const page = /<(.*)>/.exec([...links][0] ?? '')?.[1] ?? ''
    for (const agent of clients(t, 8)) {
      const { status, body: view } = await ask(gateway.url + page, { agent })
      assert.deepEqual([status, (JSON.parse(view) as { state: string }).state], [200, 'acknowledged'])
    }
  })

  it('answers at the deadline of a write that another thread delivers', async (t) => {
    const { gateway } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(await scene.target(() => {})),
      routes: [{ match: 'POST /register', deadline: '300ms', broadcast: { upstream: 'work' } }],
    }))
    const { status, headers, ms } = await ask(`${gateway.url}/register`, { method: 'POST', body: 'a' })
    assert.equal(status, 202)
    assert.match(String(headers.location), /^\/_hedgerow\/deliveries\//)
    assert.ok(ms < 1500, String(ms))
  })

  it('counts a client that left while another thread delivered its write', async (t) => {
    const { gateway } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(await scene.target(() => {})),
      routes: [{ match: 'POST /register', broadcast: { upstream: 'work' } }],
    }))
    const aborted = new AbortController()
    const asked = ask(`${gateway.url}/register`, { method: 'POST', body: 'a', signal: aborted.signal })
    await until('it is in flight', async () => (await gateway.gateway.view.inFlight()) === 1)
    aborted.abort()
    await assert.rejects(asked)
    await until('it has ended', async () => (await gateway.gateway.view.inFlight()) === 0)
  })

  it('drains: a call in flight ends well, in whichever worker it is', async (t) => {
    const { gateway } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target((_message, response) => {
          setTimeout(() => response.end('late'), 500)
        }),
      ),
      routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
    }))
    const answers = clients(t, 10).map((agent) => ask(`${gateway.url}/work`, { agent }))
    await until('all are in flight', async () => (await gateway.gateway.view.inFlight()) === 10)
    const drained = gateway.gateway.drain()
    assert.ok((await Promise.all(answers)).every(({ status }) => status === 200))
    await drained
    await assert.rejects(ask(`${gateway.url}/work`))
  })
})

describe('a gateway whose system cannot share a port among threads', () => {
  it('serves in one thread and says so, also after a reload', async (t) => {
    const { gateway, threads, logged, reload } = await openWorkers(
      t,
      async (scene) => ({
        upstreams: upstreamOf(await scene.target((_message, response) => response.end('here'))),
        routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
      }),
      { platform: 'darwin' },
    )
    assert.equal((await ask(`${gateway.url}/work`)).body, 'here')
    assert.deepEqual(await reload({ workers: 4 }), { ok: true })
    assert.equal((await ask(`${gateway.url}/work`)).body, 'here')
    assert.equal(threads.length, 0)
    const line = 'darwin cannot share a port among threads: serving in one thread, not in workers'
    assert.deepEqual(logged, [line])
  })
})
