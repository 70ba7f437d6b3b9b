import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { type Answer, ask, problemOf } from '../kit/ask.ts'
import { deadPort, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'

type RouteInput = NonNullable<ConfigInput['routes']>[number]

const failing = { endpoints: { 'GET /api/work': { status: { '500': 1 } } } }
const first = { first: { upstream: 'work', path: '/api/work', calls: 2 } } as const

async function opened(scene: Scene, route: Partial<RouteInput> = {}) {
  const backend = await scene.backend(failing)
  return scene.gateway({
    upstreams: { work: { targets: { 'the-one': backend.url } } },
    routes: [{ match: 'GET /work', ...first, ...route }],
  })
}

describe('a failure', () => {
  it('is answered as problem+json, with all its fields', async (t) => {
    const { url } = await opened(openScene(t))
    const answer = await ask(`${url}/work`)
    assert.equal(answer.status, 502)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['retry-after'], undefined)
    assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.body))
    const { attempts = [], ...problem } = problemOf(answer)
    assert.deepEqual(problem, {
      type: 'urn:hedgerow:failure:UPSTREAM_STATUS',
      title: 'Upstream status',
      status: 502,
      detail: 'All 2 attempts failed: the-one: status 500; the-one: status 500',
      code: 'UPSTREAM_STATUS',
      requestId: answer.headers['x-request-id'],
    })
    assert.equal(attempts.length, 2)
    for (const { target, ms, outcome } of attempts) {
      assert.deepEqual([target, outcome], ['the-one', 'server_error'])
      assert.ok(Number.isInteger(ms) && ms >= 0 && ms < 1000, String(ms))
    }
  })

  it('shows no URL, no address of a target and no stack, whatever fails', async (t) => {
    const scene = openScene(t)
    const resetting = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.socket.resetAndDestroy()
    })
    const nonsense = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.send('nonsense\r\n\r\n')
    })
    const dead = await deadPort()
    for (const [url, secret] of [
      [`http://127.0.0.1:${dead}/base`, String(dead)],
      [`${resetting.url}/base`, String(resetting.port)],
      [`${nonsense.url}/base`, String(nonsense.port)],
      ['http://secret-name.invalid', 'secret-name'],
    ] as const) {
      const gateway = await scene.gateway({
        upstreams: { work: { targets: { named: url } } },
        routes: [{ match: '/work', ...first }],
      })
      const { body } = await ask(`${gateway.url}/work`)
      assert.match(body, /named: /)
      assert.ok(!body.includes(secret), body)
      assert.doesNotMatch(body, /https?:|127\.0\.0\.1|base|\bat \/|node:|undefined|UND_ERR/)
    }
  })

  it('hides its attempts and targets if the route does not expose them', async (t) => {
    const { url } = await opened(openScene(t), { expose: 'none' })
    const answer = await ask(`${url}/work`)
    const problem = problemOf(answer)
    assert.equal(problem.code, 'UPSTREAM_STATUS')
    assert.equal(problem.attempts, undefined)
    assert.doesNotMatch(answer.body, /the-one/)
  })

  for (const [accept, isText] of [
    ['text/plain', true],
    ['text/plain;q=0.9', true],
    ['text/*', true],
    ['text/plain, application/json;q=0.5', true],
    ['application/json', false],
    ['application/problem+json', false],
    ['text/plain;q=0.5, application/json', false],
    ['*/*', false],
    ['text/html, */*;q=0.8', false],
    ['text/plain;q=0, */*', false],
    ['', false],
  ] as const) {
    it(`is answered as ${isText ? 'its detail alone' : 'problem+json'} for Accept "${accept}"`, async (t) => {
      const { url } = await opened(openScene(t))
      const answer = await ask(`${url}/work`, { headers: { accept } })
      if (isText) {
        assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
        assert.equal(answer.body, 'All 2 attempts failed: the-one: status 500; the-one: status 500\n')
      } else assert.equal(problemOf(answer).code, 'UPSTREAM_STATUS')
      assert.equal(answer.status, 502)
    })
  }

  it('has the status and detail of its route mapping', async (t) => {
    const scene = openScene(t)
    const failures = { UPSTREAM_STATUS: { status: 503, detail: 'Please try again later.' }, '*': 500 } as const
    const { url } = await opened(scene, { failures, deadline: { from: { query: 'timeout' } } })
    const mapped = await ask(`${url}/work`)
    assert.equal(mapped.status, 503)
    assert.equal(problemOf(mapped).status, 503)
    assert.equal(problemOf(mapped).detail, 'Please try again later.')
    assert.equal(mapped.headers['retry-after'], '1')
    const other = await ask(`${url}/work?timeout=x`)
    assert.equal(other.status, 500)
    assert.match(problemOf(other).detail, /query parameter "timeout" is "x"/)
  })

  it('can be mapped in its detail alone, or for all codes at once', async (t) => {
    const scene = openScene(t)
    const detailOnly = await opened(scene, { failures: { UPSTREAM_STATUS: { detail: 'Sorry.' } } })
    const answer = await ask(`${detailOnly.url}/work`)
    assert.deepEqual([answer.status, problemOf(answer).detail], [502, 'Sorry.'])
    const all = await opened(scene, { failures: { '*': { status: 599, detail: 'Anything.' } } })
    const any = await ask(`${all.url}/work`)
    assert.deepEqual([any.status, problemOf(any).detail], [599, 'Anything.'])
  })

  it("passes the target's Retry-After on if its status allows one", async (t) => {
    const scene = openScene(t)
    const headers = { 'retry-after': '17' }
    const backend = await scene.backend({ endpoints: { 'GET /api/work': { status: { '503': 1 }, headers } } })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [{ match: 'GET /work', ...first, failures: { UPSTREAM_STATUS: 503 } }],
    })
    assert.equal((await ask(`${url}/work`)).headers['retry-after'], '17')
  })

  it('for an unknown path is 404, and for a wrong method 405 with Allow', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend(failing)
    const forward = { upstream: 'work' }
    const { url } = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [
        { match: 'GET /a', forward },
        { match: 'POST,PUT /a', forward },
        { match: 'DELETE /a/:id', forward },
      ],
    })
    for (const [method, path, status, allow] of [
      ['GET', '/b', 404, undefined],
      ['GET', '/', 404, undefined],
      ['PATCH', '/a', 405, 'GET, HEAD, POST, PUT'],
      ['DELETE', '/a', 405, 'GET, HEAD, POST, PUT'],
      ['GET', '/a/1', 405, 'DELETE'],
      ['OPTIONS', '/a/1', 405, 'DELETE'],
    ] as const) {
      const answer = await ask(`${url}${path}`, { method })
      assert.equal(answer.status, status, `${method} ${path}`)
      assert.equal(answer.headers.allow, allow)
      assert.equal(problemOf(answer).code, status === 404 ? 'NO_ROUTE' : 'METHOD_NOT_ALLOWED')
    }
    assert.equal(backend.stats().requests, 0)
  })

  it('to HEAD has only status and header', async (t) => {
    const scene = openScene(t)
    const gateway = await opened(scene)
    const client = await scene.wire(gateway)
    for (const path of ['/work', '/nowhere']) {
      client.send(`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const answer = await client.message({ hasNoBody: true })
      assert.equal(answer.status, path === '/work' ? 502 : 404)
      assert.deepEqual(answer.headers.get('content-type'), ['application/problem+json'])
    }
    assert.equal(client.text, '')
  })
})

describe('Server-Timing', () => {
  it('lists the attempts on good answers and failures if the route explains, and never otherwise', async (t) => {
    const scene = openScene(t)
    const timing = (answer: Answer): string | undefined => answer.headers['server-timing'] as string | undefined
    const failed = await ask(`${(await opened(scene, { explain: true })).url}/work`)
    assert.match(timing(failed) ?? '', /^a1;dur=\d+;desc="server_error", a2;dur=\d+;desc="server_error"$/)
    assert.equal(timing(await ask(`${(await opened(scene)).url}/work`)), undefined)
    const backend = await scene.backend({ endpoints: { 'GET /api/work': {} } })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [{ match: '/api/work', forward: { upstream: 'work' }, explain: true }],
    })
    assert.match(timing(await ask(`${url}/api/work`)) ?? '', /^a1;dur=\d+;desc="won"$/)
    assert.equal(timing(await ask(`${url}/nowhere`)), undefined)
  })
})

describe('GET /', () => {
  it('lists the routes if `index` is set, and is not a route otherwise', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend(failing)
    const routes: RouteInput[] = [
      { match: 'GET /work', ...first },
      { match: '/any', forward: { upstream: 'work' } },
    ]
    const listed = await scene.gateway({ index: true, upstreams: upstreamOf(backend), routes })
    const answer = await ask(listed.url)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(answer.body), {
      name: 'hedgerow',
      routes: [
        { match: 'GET /work', strategy: 'first' },
        { match: '/any', strategy: 'forward' },
      ],
    })
    assert.equal((await ask(listed.url, { method: 'HEAD' })).status, 200)
    assert.equal((await ask(listed.url, { method: 'POST' })).status, 405)
    const unlisted = await scene.gateway({ upstreams: upstreamOf(backend), routes })
    assert.equal((await ask(unlisted.url)).status, 404)
  })
})
