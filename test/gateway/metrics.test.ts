import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask } from '../kit/ask.ts'
import { deadPort, type OpenGateway, openScene, openTargets, type Scene } from '../kit/gateway.ts'
import { promtool, Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'

/** Scrapes once only the scraping call is in flight. */
async function settled({ url }: OpenGateway, attemptsInFlight = 0): Promise<Scrape> {
  let scrape = new Scrape('')
  await until(
    () => `all has ended: ${scrape.sum('hedgerow_calls_in_flight')} calls`,
    async () => {
      scrape = new Scrape((await ask(`${url}/metrics`)).body)
      const calls = scrape.sum('hedgerow_calls_in_flight')
      return calls === 1 && scrape.sum('hedgerow_attempts_in_flight') === attemptsInFlight
    },
  )
  return scrape
}

/** A target that fails odd requests, is slow at `/slow` the first time, and returns its request count. */
async function fickleTarget(scene: Scene) {
  const seen = { requests: 0, slow: 0 }
  const target = await scene.target((message, response) => {
    seen.requests++
    const path = message.url ?? ''
    if (path.startsWith('/slow') && seen.slow++ % 2 === 0) return
    response.statusCode = path.startsWith('/fickle') && seen.requests % 2 === 1 ? 503 : 200
    response.end('{}')
  })
  return { target, seen }
}

describe('the metrics of a gateway', () => {
  it("add up: the clients' requests, the targets' requests, and all exports of both", async (t) => {
    const scene = openScene(t)
    const { target, seen } = await fickleTarget(scene)
    const gateway = await scene.gateway({
      metrics: { path: '/metrics' },
      upstreams: {
        work: { targets: { good: target.url } },
        gone: { targets: { dead: `http://127.0.0.1:${await deadPort()}` } },
      },
      routes: [
        { match: 'GET /plain', forward: { upstream: 'work' } },
        {
          match: 'GET /fickle',
          forward: {
            upstream: 'work',
            success: { status: [200] },
            retry: { attempts: 3, budget: '100%', backoff: { base: '1ms', max: '1ms' } },
          },
        },
        { match: 'GET /slow', hedge: { upstream: 'work', after: '30ms', extra: 1, budget: 'unlimited' } },
        { match: 'GET /twice', all: { upstream: 'work', calls: 2, success: { json: true } } },
        { match: 'GET /gone', forward: { upstream: 'gone' } },
        { match: 'GET /late', deadline: '50ms', forward: { upstream: 'work', path: '/slow' } },
      ],
    })
    const asks = async (path: string, times: number, status: number): Promise<void> => {
      for (let i = 0; i < times; i++) assert.equal((await ask(gateway.url + path)).status, status, path)
    }
    await asks('/plain', 5, 200)
    await asks('/fickle', 4, 200)
    await asks('/slow', 3, 200)
    await asks('/twice', 2, 200)
    await asks('/gone', 2, 502)
    await asks('/late', 1, 504)
    await asks('/nowhere', 1, 404)
    const scrape = await settled(gateway)
    const sum = scrape.sum.bind(scrape)

    const calls = { '/plain': 5, '/fickle': 4, '/slow': 3, '/twice': 2, '/gone': 2, '/late': 1 }
    for (const [path, count] of Object.entries(calls)) {
      const route = `GET ${path}`
      assert.equal(sum('hedgerow_calls_total', { route }), count, route)
      assert.equal(sum('hedgerow_call_duration_seconds_count', { route }), count, route)
    }
    assert.equal(sum('hedgerow_calls_total', { route: 'GET /gone', status: '5xx', failure: 'UPSTREAM_REFUSED' }), 2)
    assert.equal(sum('hedgerow_calls_total', { route: 'GET /late', status: '5xx', failure: 'DEADLINE' }), 1)
    assert.equal(sum('hedgerow_calls_total', { route: 'none', status: '4xx', failure: 'NO_ROUTE' }), 1)

    // All attempts that a target saw, plus the two that were refused.
    assert.equal(sum('hedgerow_attempts_total', { target: 'good' }), seen.requests)
    assert.equal(sum('hedgerow_attempts_total', { target: 'dead', outcome: 'refused' }), 2)
    assert.equal(sum('hedgerow_attempts_total', { outcome: 'timeout' }), 1)
    assert.equal(sum('hedgerow_attempt_duration_seconds_count'), sum('hedgerow_attempts_total'))
    const extra = sum('hedgerow_extra_attempts_total')
    const callsServed = Object.values(calls).reduce((all, count) => all + count)
    assert.equal(sum('hedgerow_attempts_total'), callsServed + extra, 'one for each call, and the extra load')

    const retries = { route: 'GET /fickle' }
    assert.equal(
      sum('hedgerow_retries_scheduled_total', retries),
      sum('hedgerow_extra_attempts_total', { kind: 'retry' }),
    )
    assert.equal(sum('hedgerow_attempts_total', { outcome: 'server_error' }), sum('hedgerow_retries_scheduled_total'))
    assert.ok(sum('hedgerow_retries_won_total', retries) >= 1)

    const hedges = { route: 'GET /slow' }
    assert.equal(
      sum('hedgerow_hedges_sent_total', { ...hedges, because: 'late' }),
      sum('hedgerow_hedges_won_total', hedges),
    )
    assert.equal(sum('hedgerow_extra_attempts_total', { kind: 'hedge' }), sum('hedgerow_hedges_won_total'))
    assert.equal(sum('hedgerow_attempts_total', { outcome: 'cancelled' }), sum('hedgerow_hedges_won_total'), 'losers')
    assert.ok(sum('hedgerow_hedges_won_total', hedges) >= 1)

    assert.equal(sum('hedgerow_extra_attempts_total', { kind: 'duplicate' }), 2)
    assert.equal(sum('hedgerow_sent_bytes_total', { route: 'GET /plain' }), 5 * '{}'.length)
    assert.equal(sum('hedgerow_target_connections', { state: 'busy' }), 0)
    assert.ok(sum('hedgerow_client_connections_accepted_total') >= callsServed)
    assert.ok(sum('hedgerow_process_cpu_seconds_total') > 0 && sum('hedgerow_event_loop_active_seconds_total') > 0)
  })

  it('count hedges and retries that the budget denies', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => {
      response.statusCode = 503
      response.end()
    })
    const gateway = await scene.gateway({
      metrics: { path: '/metrics' },
      upstreams: { work: { targets: { one: target.url } } },
      routes: [
        { match: 'GET /hedged', hedge: { upstream: 'work', after: '0ms', extra: 5, budget: '0%' } },
        {
          match: 'GET /retried',
          forward: {
            upstream: 'work',
            success: { status: [200] },
            retry: { attempts: 3, budget: '0%', minBudget: 0, backoff: { base: '1ms', max: '1ms' } },
          },
        },
      ],
    })
    await ask(`${gateway.url}/hedged`)
    await ask(`${gateway.url}/retried`)
    const scrape = await settled(gateway)
    assert.equal(scrape.sum('hedgerow_hedges_denied_total'), 1)
    assert.equal(scrape.sum('hedgerow_hedges_sent_total'), 3, 'the floor of the budget')
    assert.equal(scrape.sum('hedgerow_retries_denied_total', { route: 'GET /retried' }), 1)
    assert.equal(scrape.sum('hedgerow_retries_scheduled_total'), 0)
  })

  it('count a client that hung up, and an answer that broke off', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      if (message.url === '/hangs') return
      response.writeHead(200, { 'content-length': '100' })
      response.write('some')
      setTimeout(() => response.destroy(), 20)
    })
    const gateway = await scene.gateway({
      metrics: { path: '/metrics' },
      upstreams: { work: { targets: { one: target.url } } },
      routes: [{ match: 'GET /*', forward: { upstream: 'work' } }],
    })
    const leaving = new AbortController()
    const left = ask(`${gateway.url}/hangs`, { signal: leaving.signal })
    await until('it is asked', async () => (await openTargets(gateway.gateway)).open === 1)
    leaving.abort()
    await assert.rejects(left)
    await assert.rejects(ask(`${gateway.url}/breaks`))
    const scrape = await settled(gateway)
    assert.equal(scrape.sum('hedgerow_calls_total', { status: 'none', failure: 'CLIENT_GONE' }), 1)
    assert.equal(scrape.sum('hedgerow_calls_total', { status: '2xx', failure: 'UPSTREAM_RESET' }), 1)
    assert.equal(scrape.sum('hedgerow_attempts_total', { outcome: 'cancelled' }), 1)
  })

  it('count clients waiting for a callback, and the result of each callback', async (t) => {
    const scene = openScene(t)
    const urls: string[] = []
    const target = await scene.target((message, response) => {
      urls.push(String(message.headers['x-callback-url']))
      response.writeHead(202).end()
    })
    const gateway = await scene.gateway({
      metrics: { path: '/metrics' },
      callbacks: { key: 'a secret of 32 characters or more' },
      upstreams: { work: { targets: { backend: target.url } } },
      routes: [
        {
          match: 'GET /ask',
          deadline: '150ms',
          callback: { upstream: 'work', send: { url: 'header:x-callback-url' }, receive: { path: '/result' } },
        },
      ],
    })
    const post = (url: string) => ask(url, { method: 'POST', body: '{}' })
    const answered = ask(`${gateway.url}/ask`)
    await until('the backend is asked', () => urls.length === 1)
    assert.equal(new Scrape((await ask(`${gateway.url}/metrics`)).body).sum('hedgerow_waiters'), 1)
    await post(urls[0] as string)
    assert.equal((await answered).status, 200)
    await post(urls[0] as string)
    const late = await ask(`${gateway.url}/ask`)
    assert.equal(late.status, 503)
    await post(urls[1] as string)
    const forged = new URL(urls[1] as string)
    for (const name of forged.searchParams.keys()) forged.searchParams.set(name, 'x'.repeat(52))
    assert.equal((await post(forged.href)).status, 403)
    const scrape = await settled(gateway)
    assert.equal(scrape.sum('hedgerow_waiters'), 0)
    assert.equal(scrape.sum('hedgerow_waiters_ended_total', { end: 'answered' }), 1)
    assert.equal(scrape.sum('hedgerow_waiters_ended_total', { end: 'timed_out' }), 1)
    assert.equal(scrape.sum('hedgerow_waiter_duration_seconds_count'), 2)
    const told = scrape.series('hedgerow_callbacks_total').map(({ labels, value }) => [labels['verdict'], value])
    assert.deepEqual(
      told.filter(([, value]) => value !== 0),
      [
        ['answered', 1],
        ['kept', 1],
        ['repeated', 1],
        ['forged', 1],
      ],
    )
  })

  it('count the telemetry that was dropped', async (t) => {
    const scene = openScene(t)
    const { target } = await fickleTarget(scene)
    const gateway = await scene.gateway(
      {
        metrics: { path: '/metrics' },
        telemetry: {
          traces: { url: `http://127.0.0.1:${await deadPort()}/v1/traces`, sample: '100%', interval: '10ms' },
        },
        upstreams: { work: { targets: { good: target.url } } },
        routes: [{ match: 'GET /plain', forward: { upstream: 'work' } }],
      },
      { logDropped: () => 7 },
    )
    await ask(`${gateway.url}/plain`)
    await until('the spans are given up', async () => {
      const scrape = new Scrape((await ask(`${gateway.url}/metrics`)).body)
      return scrape.sum('hedgerow_telemetry_dropped_total', { part: 'spans' }) > 0
    })
    const scrape = await settled(gateway)
    assert.equal(scrape.sum('hedgerow_telemetry_dropped_total', { part: 'log_lines' }), 7)
  })

  it('require the token on the admin side, and are on the front only if configured', async (t) => {
    const token = 'a-token-of-16-characters'
    const { gateway, url } = await openScene(t).gateway({ admin: { port: 0, token } })
    const admin = `http://127.0.0.1:${gateway.admin?.address.port}/metrics`
    assert.equal((await ask(url + '/metrics')).status, 404)
    assert.equal((await ask(admin)).status, 401)
    const answer = await ask(admin, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(new Scrape(answer.body).sum('hedgerow_calls_total', { failure: 'NO_ROUTE' }), 1)
    const found = promtool(t, ['check', 'metrics'], answer.body)
    if (found !== undefined) assert.deepEqual(found, { status: 0, told: '' })
  })
})
