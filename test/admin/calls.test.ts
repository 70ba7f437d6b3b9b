import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CallListView, CallView, OverviewView, UpstreamListView } from '../../src/admin/api.ts'
import { adminUrl, askJson } from '../kit/admin.ts'
import { ask, problemOf } from '../kit/ask.ts'
import { deadPort, openScene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

describe('/api/calls', () => {
  it('finds a failed call by the id in its answer, and shows what each target did', async (t) => {
    const scene = openScene(t)
    const broken = await scene.target((_request, response) => response.writeHead(500).end('no'))
    const hanging = await scene.target(() => {})
    const gone = { url: `http://127.0.0.1:${await deadPort()}` }
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: upstreamOf(broken, hanging, gone),
      routes: [{ match: 'GET /work', deadline: '150ms', first: { upstream: 'work', calls: 3 } }],
    })
    const failure = problemOf(await ask(`${url}/work?user=bob&password=x`))
    assert.equal(failure.status, 504)
    const { json: call } = await askJson<CallView>(`${adminUrl(gateway)}/api/calls/${failure.requestId}`)
    assert.deepEqual([call.route, call.strategy, call.method], ['GET /work', 'first', 'GET'])
    assert.equal(call.url, '/work?user=bob&password=***')
    assert.deepEqual([call.status, call.failure?.code, call.deadlineMs], [504, 'DEADLINE', 150])
    assert.ok(call.durationMs >= 149 && call.durationMs < 1000)
    assert.deepEqual(
      call.attempts.map(({ number, target, outcome, status, won }) => [number, target, outcome, status, won]),
      [
        [1, 'target-1', 'server_error', 500, false],
        [2, 'target-2', 'timeout', undefined, false],
        [3, 'target-3', 'refused', undefined, false],
      ],
    )
    for (const { startedMs, endedMs } of call.attempts) assert.ok(startedMs <= (endedMs ?? 0))
    assert.match(call.attempts[2]?.detail ?? '', /refused/i)
  })

  it('shows the winner and the cancelled attempt of a hedged call, even if the attempt ended later', async (t) => {
    const scene = openScene(t)
    let asked = 0
    const target = await scene.target((_request, response) => {
      if (++asked === 2) response.end('fast')
    })
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: upstreamOf(target),
      routes: [{ match: 'GET /work', hedge: { upstream: 'work', after: '50ms', extra: 1, budget: 'unlimited' } }],
    })
    const id = String((await ask(`${url}/work`)).headers['x-request-id'])
    const admin = adminUrl(gateway)
    await until('the loser is known', async () => {
      const { json } = await askJson<CallView>(`${admin}/api/calls/${id}`)
      return json.attempts[0]?.outcome !== undefined
    })
    const { json } = await askJson<CallListView>(`${admin}/api/calls?which=slow&route=GET%20/work`)
    assert.deepEqual(
      json.calls[0]?.attempts.map(({ kind, outcome, won }) => [kind, outcome, won]),
      [
        ['first', 'cancelled', false],
        ['hedge', 'success', true],
      ],
    )
    assert.equal((await askJson<CallListView>(`${admin}/api/calls?which=failed`)).json.calls.length, 0)
  })

  it('explains why a call may not be recorded', async (t) => {
    const { gateway } = await openScene(t).gateway({ admin: { port: 0 } })
    const { status, json } = await askJson<{ detail: string }>(`${adminUrl(gateway)}/api/calls/nothing%2Fhere`)
    assert.equal(status, 404)
    assert.match(json.detail, /nothing\/here.*failures.*slowest/)
  })
})

describe('/api/overview and /api/upstreams', () => {
  it('report the figures of each route and target', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((request, response) =>
      response.writeHead(request.url === '/bad' ? 503 : 200).end('x'),
    )
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', forward: { upstream: 'work' } }],
    })
    for (const path of ['/good', '/good', '/bad']) await ask(url + path)
    const admin = adminUrl(gateway)
    let overview: OverviewView | undefined
    await until('the second is over', async () => {
      overview = (await askJson<OverviewView>(`${admin}/api/overview`)).json
      return overview.history.some(({ total }) => total.calls > 0)
    })
    const sum = (count: (figures: OverviewView['figures']) => number): number =>
      overview?.history.reduce((total, figures) => total + count(figures), 0) ?? 0
    assert.equal(
      sum(({ total }) => total.calls),
      3,
    )
    assert.equal(
      sum(({ routes }) => routes['/*']?.failed ?? 0),
      1,
    )
    assert.deepEqual(overview?.routes, [{ name: '/*', strategy: 'forward', upstreams: ['work'] }])
    assert.deepEqual(overview?.features, { deliveries: false, callbacks: false, backends: false })
    const { json } = await askJson<UpstreamListView>(`${admin}/api/upstreams`)
    const [shown] = json.upstreams[0]?.targets ?? []
    assert.deepEqual([shown?.name, shown?.origin, shown?.attempts], ['target-1', target.url, 3])
    assert.deepEqual(shown?.outcomes, { success: 2, server_error: 1 })
    assert.match(shown?.lastFailure?.detail ?? '', /503/)
  })
})
