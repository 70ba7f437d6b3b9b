import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../../src/kit/clock.ts'
import { seededRandom } from '../../../../src/kit/random.ts'
import { atEnd } from '../../../../test/kit/cleanup.ts'
import { until } from '../../../../test/kit/until.ts'
import { parseStatusSet } from '../status-set.ts'
import { parseTarget } from '../target.ts'
import { parseControl } from './control.ts'
import { serveWebPage } from './server.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** The page of a load tester, and its target. */
async function openPage(t: TestContext) {
  let seen = 0
  const target = createServer((_request, response) => {
    seen++
    response.end('x')
  })
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  atEnd(t, () => {
    target.close()
    target.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/work`
  const setup = {
    target: parseTarget(url),
    method: 'GET',
    headers: [],
    body: undefined,
    isGood: parseStatusSet('2xx'),
    lateness: undefined,
    timeoutMs: 1000,
    goneAfterMs: 1000,
    isInsecure: false,
  }
  const page = await serveWebPage(
    { port: 0, setup, amount: { pace: { kind: 'closed', users: 3 } }, maxConnections: 10, busyShare: () => 0 },
    { clock: systemClock(), random: seededRandom(1) },
  )
  atEnd(t, () => page.close())
  const { port, host, origin } = new URL(page.url)
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', method, path, headers: { host, ...headers } }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
        response.on('error', reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const own = { origin, 'content-type': 'application/json' }
  const post = (path: string, body: unknown) => ask('POST', path, own, JSON.stringify(body))
  return { ask, post, own, origin, port, seen: () => seen }
}

describe('the page of the load tester', () => {
  it('is served with a strict policy and nothing inline', async (t) => {
    const { ask } = await openPage(t)
    for (const path of ['/', '/page.js', '/page.css']) {
      const { status, headers, text } = await ask('GET', path)
      assert.equal(status, 200)
      assert.match(String(headers['content-security-policy']), /^default-src 'none'; script-src 'self'/)
      assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/)
      if (path === '/') assert.doesNotMatch(text, /<script>|<style|style=|\son\w+=/)
    }
    assert.equal((await ask('GET', '/../server.ts')).status, 404)
  })

  it('starts, changes and stops a run against the target of the command line', async (t) => {
    const { ask, post, seen } = await openPage(t)
    assert.equal((await ask('GET', '/report.html')).status, 404)
    assert.equal((await post('/stop', {})).status, 409)
    assert.equal((await post('/start', { kind: 'open', value: 200 })).status, 204)
    assert.equal((await post('/start', { kind: 'open', value: 200 })).status, 409)
    assert.equal((await post('/pace', { value: 50 })).status, 204)
    await until('some requests have come', () => seen() > 10)
    assert.equal((await post('/stop', {})).status, 204)
    await until('the report is there', async () => (await ask('GET', '/report.html')).status === 200)
    const { text, headers } = await ask('GET', '/report.html')
    assert.match(text, /<svg/)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    const after = seen()
    assert.equal((await post('/start', { kind: 'closed', value: 1 })).status, 204)
    await until('a second run comes too', () => seen() > after)
  })

  const foreign: readonly (readonly [string, Record<string, string>, number])[] = [
    ['another origin', { origin: 'http://evil.test' }, 403],
    ['no origin', { origin: '' }, 403],
    ['a page that a site embeds', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a plain form', { 'content-type': 'text/plain' }, 415],
    ['a foreign name that resolves to this machine', { host: 'evil.test:80' }, 421],
  ]
  for (const [what, headers, status] of foreign) {
    it(`refuses a POST of ${what}`, async (t) => {
      const { ask, own, seen } = await openPage(t)
      const answer = await ask('POST', '/start', { ...own, ...headers }, '{"kind":"closed","value":1}')
      assert.equal(answer.status, status)
      assert.equal(seen(), 0)
    })
  }

  it('refuses requests under another host name, and other methods', async (t) => {
    const { ask, own } = await openPage(t)
    assert.equal((await ask('GET', '/', { host: 'evil.test' })).status, 421)
    assert.equal((await ask('PUT', '/start', own)).status, 405)
    assert.equal((await ask('POST', '/start', own, ' '.repeat(5000))).status, 413)
  })

  it('offers no way to change the target', () => {
    for (const extra of [{ url: 'http://other/' }, { target: 'x' }, { host: 'y' }]) {
      const refused = parseControl('start', JSON.stringify({ kind: 'closed', value: 1, ...extra }))
      assert.ok(typeof refused === 'string' && refused.startsWith('unknown key "'))
    }
  })

  it('says what is allowed', () => {
    const refused: readonly (readonly [string, string])[] = [
      ['start', '{"kind":"closed","value":0}'],
      ['start', '{"kind":"closed","value":1.5}'],
      ['start', '{"kind":"closed","value":20001}'],
      ['start', '{"kind":"open","value":1e9}'],
      ['start', '{"kind":"open","value":"5"}'],
      ['start', '{"kind":"x","value":5}'],
      ['pace', '{}'],
      ['start', 'nonsense'],
      ['start', '[]'],
    ]
    for (const [action, body] of refused) assert.equal(typeof parseControl(action, body), 'string', body)
    assert.equal(parseControl('quit', '{}'), undefined)
  })

  it('reports progress over server-sent events', async (t) => {
    const { origin, post } = await openPage(t)
    const stream = await fetch(`${origin}/events`)
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
    atEnd(t, () => reader.cancel())
    await post('/start', { kind: 'open', value: 20 })
    let text = ''
    await until('a point of the chart has come', async () => {
      const { value } = await reader.read()
      text += Buffer.from(value ?? []).toString()
      return /"point":\{"second":0,"perSecond":\d/.test(text)
    })
    assert.match(text, /^event: history\ndata: \[\]/)
    assert.match(text, /"phase":"running"/)
  })
})
