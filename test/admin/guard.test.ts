import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { adminUrl, askJson } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { openScene } from '../kit/gateway.ts'

const token = 'a-token-of-16-characters'

async function opened(t: TestContext, admin: object = {}): Promise<string> {
  const { gateway } = await openScene(t).gateway({ admin: { port: 0, ...admin } })
  return adminUrl(gateway)
}

describe('the admin side', () => {
  it('requires the token on every path that serves data', async (t) => {
    const url = await opened(t, { token })
    for (const path of ['/metrics', '/api/overview', '/api/live', '/api/calls', '/api/config', '/api/nothing']) {
      for (const authorization of [undefined, 'Bearer wrong', `Basic ${token}`, token]) {
        const answer = await ask(url + path, authorization === undefined ? {} : { headers: { authorization } })
        assert.deepEqual([path, answer.status, answer.headers['www-authenticate']], [path, 401, 'Bearer'])
        assert.match(answer.body, /admin\.token/)
      }
    }
    for (const path of ['/healthz', '/readyz']) assert.equal((await ask(url + path)).status, 200)
    assert.notEqual((await ask(`${url}/`)).status, 401)
    const allowed = await ask(`${url}/api/overview`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(allowed.status, 200)
  })

  it('delays clients that send wrong tokens, and admits the right token', async (t) => {
    const logged: string[] = []
    const admin = { port: 0, token }
    const { gateway } = await openScene(t).gateway({ admin }, { log: (text) => logged.push(text) })
    const asked = (given: string) =>
      ask(`${adminUrl(gateway)}/api/overview`, { headers: { authorization: `Bearer ${given}` } })
    for (let guess = 0; guess < 10; guess++) assert.equal((await asked(`guess ${guess}`)).status, 401)
    const startedMs = performance.now()
    const slowed = asked('guess 10')
    assert.equal((await asked(token)).status, 200)
    const { status, headers } = await slowed
    assert.deepEqual([status, headers['retry-after'], headers.connection], [429, '1', 'close'])
    assert.ok(performance.now() - startedMs >= 990)
    assert.equal(logged.filter((text) => text.includes('wrong tokens')).length, 1)
  })

  it('with a token accepts any host name', async (t) => {
    const url = await opened(t, { token })
    const headers = { host: 'gateway.example', authorization: `Bearer ${token}` }
    assert.equal((await ask(`${url}/api/overview`, { headers })).status, 200)
  })

  it('without a token refuses foreign host names, against DNS rebinding', async (t) => {
    const url = await opened(t)
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
      const { status } = await ask(`${url}/api/overview`, { headers: { host } })
      assert.deepEqual([host, status], [host, 403])
    }
    for (const host of ['localhost', 'localhost:1234', '127.0.0.1', '[::1]:9900']) {
      assert.equal((await ask(`${url}/api/overview`, { headers: { host } })).status, 200)
    }
    assert.equal((await ask(`${url}/healthz`, { headers: { host: 'evil.example' } })).status, 200)
  })

  for (const admin of [{}, { token }]) {
    it(`refuses requests from pages of another origin ${'token' in admin ? 'with' : 'without'} a token`, async (t) => {
      const url = await opened(t, admin)
      const authorization = `Bearer ${token}`
      for (const headers of [
        { origin: 'http://evil.example' },
        { origin: 'null' },
        { origin: 'http://127.0.0.1:1' },
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
        { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
      ]) {
        const all = { ...headers, authorization }
        const posted = await ask(`${url}/api/deliveries/x/replay`, { method: 'POST', headers: all })
        const read = await ask(`${url}/api/overview`, { headers: all })
        assert.deepEqual([headers, posted.status, read.status], [headers, 403, 403])
      }
      const own = { origin: url, 'sec-fetch-site': 'same-origin', authorization }
      assert.equal((await ask(`${url}/api/overview`, { headers: own })).status, 200)
      // A link that a user follows.
      const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', authorization }
      assert.equal((await ask(`${url}/api/overview`, { headers: link })).status, 200)
    })
  }

  it('forbids framing, sniffing and cross-origin reads on every answer', async (t) => {
    const url = await opened(t)
    for (const path of ['/', '/healthz', '/api/overview', '/api/nothing', '/metrics']) {
      const { headers } = await ask(url + path)
      const policy = String(headers['content-security-policy'])
      assert.match(policy, /^default-src '(?:none|self)'; .*frame-ancestors 'none'/)
      assert.doesNotMatch(policy, /unsafe|\*|http/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['access-control-allow-origin'], undefined)
    }
  })

  it('answers 405 with the allowed methods, and 404 with the paths', async (t) => {
    const url = await opened(t)
    const wrong = await askJson<{ detail: string }>(`${url}/api/calls`, { method: 'DELETE' })
    assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET, HEAD'])
    assert.match(wrong.json.detail, /allows GET, HEAD; the method was DELETE/)
    const posted = await ask(`${url}/`, { method: 'POST' })
    assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD'])
    const missing = await askJson<{ detail: string }>(`${url}/api/callz`)
    assert.equal(missing.status, 404)
    assert.match(missing.json.detail, /\/api\/calls/)
    for (const path of ['/api/calls/%', '/api/calls/a/b', '/api/calls/']) {
      assert.equal((await ask(url + path)).status, 404, path)
    }
  })

  it('refuses paths that could be read as another path', async (t) => {
    const scene = openScene(t)
    const { gateway } = await scene.gateway({ admin: { port: 0 } })
    const port = Number(new URL(adminUrl(gateway)).port)
    for (const target of [
      '//healthz',
      '/api//calls',
      '/x/../healthz',
      '/./healthz',
      '/x/%2E%2e/healthz',
      '/\\healthz',
      '/..',
    ]) {
      const wire = await scene.wire({ port })
      wire.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      assert.deepEqual([target, (await wire.message()).status], [target, 400])
    }
    const wire = await scene.wire({ port })
    wire.send('GET /healthz?a=//..\\ HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await wire.message()).status, 200)
  })

  it('refuses a request with two Host fields', async (t) => {
    const scene = openScene(t)
    const { gateway } = await scene.gateway({ admin: { port: 0 } })
    const wire = await scene.wire({ port: Number(new URL(adminUrl(gateway)).port) })
    wire.send('GET /api/overview HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n')
    const answer = await wire.message()
    assert.equal(answer.status, 400)
    assert.match(answer.body, /Host/)
  })

  it('reports the allowed values of a query parameter', async (t) => {
    const url = await opened(t)
    for (const query of [
      'calls?which=bad',
      'calls?limit=0',
      'calls?limit=1e3',
      'calls?route=x',
      'overview?history=-1',
    ]) {
      const { status, json } = await askJson<{ detail: string }>(`${url}/api/${query}`)
      assert.deepEqual([query, status], [query, 400])
      assert.match(json.detail, /allowed/)
    }
  })

  it('answers HEAD without a body, 304 if unchanged, and compressed if accepted', async (t) => {
    const url = await opened(t)
    const got = await ask(`${url}/api/config`)
    const head = await ask(`${url}/api/config`, { method: 'HEAD' })
    assert.deepEqual([head.status, head.body], [200, ''])
    assert.equal(head.headers['content-length'], got.headers['content-length'])
    const etag = String(got.headers.etag)
    const again = await ask(`${url}/api/config`, { headers: { 'if-none-match': `"x", ${etag}` } })
    assert.deepEqual([again.status, again.body], [304, ''])
    const other = await ask(`${url}/api/config`, { headers: { 'if-none-match': '"x"' } })
    assert.equal(other.status, 200)
    const zipped = await ask(`${url}/api/openapi.json`, { headers: { 'accept-encoding': 'br, gzip' } })
    assert.equal(zipped.headers['content-encoding'], 'gzip')
    const plain = await ask(`${url}/api/openapi.json`, { headers: { 'accept-encoding': 'gzip;q=0' } })
    assert.equal(plain.headers['content-encoding'], undefined)
  })
})
