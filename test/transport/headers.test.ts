import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask } from '../kit/ask.ts'
import { assertBetween, type OpenGateway, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import type { Message } from '../kit/wire.ts'

/** A gateway with a target that keeps the last request it received and sends scripted answers. */
async function opened(scene: Scene, options: { readonly answer?: string; readonly config?: ConfigInput } = {}) {
  const requests: Message[] = []
  const target = await scene.wireTarget(async (wire) => {
    for (;;) {
      requests.push(await wire.message())
      wire.send(options.answer ?? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    }
  })
  const gateway = await scene.gateway({
    upstreams: upstreamOf(target),
    routes: [{ match: '/*', forward: { upstream: 'work' } }],
    ...options.config,
  })
  return { gateway, target, requests }
}

async function sends(scene: Scene, gateway: OpenGateway, fields: readonly string[]): Promise<Message> {
  const client = await scene.wire(gateway)
  client.send(`${['GET / HTTP/1.1', 'Host: front.example', ...fields].join('\r\n')}\r\n\r\n`)
  return client.message()
}

const hopByHop = ['keep-alive', 'proxy-connection', 'te', 'upgrade', 'proxy-authorization', 'x-one', 'x-two', 'x-three']

describe('the header of a request', () => {
  it('loses the hop-by-hop fields, including those that Connection names', async (t) => {
    const scene = openScene(t)
    const { gateway, requests } = await opened(scene)
    await sends(scene, gateway, [
      'Connection: Keep-Alive, X-One',
      'connection: x-two,,\tX-THREE , close',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Upgrade: h2c',
      'Proxy-Authorization: Basic eDp5',
      'X-One: 1',
      'x-two: 2',
      'X-Three: 3',
      'X-Four: 4',
    ])
    const { headers } = requests[0] as Message
    for (const name of hopByHop) assert.equal(headers.get(name), undefined, name)
    assert.deepEqual(headers.get('x-four'), ['4'])
  })

  it('keeps everything else: order, spelling, repeated fields, non-ASCII bytes, empty values', async (t) => {
    const scene = openScene(t)
    const { gateway, requests } = await opened(scene)
    await sends(scene, gateway, [
      'X-B: 1',
      'x-a: 2',
      'X-b: 3',
      'Cookie: a=b; c=d',
      'X-Latin: caf\xe9 \xff',
      'X-Empty:',
      'Accept-Encoding: gzip, br',
      'Authorization: Bearer token',
      'x_under: score',
      `X-Long: ${'y'.repeat(8000)}`,
    ])
    const { head, headers } = requests[0] as Message
    const lines = head.split('\r\n').filter((line) => /^x-[ab]:/i.test(line))
    assert.deepEqual(lines, ['X-B: 1', 'x-a: 2', 'X-b: 3'])
    assert.deepEqual(headers.get('x-latin'), ['caf\xe9 \xff'])
    assert.deepEqual(headers.get('x-empty'), [''])
    for (const name of ['cookie', 'accept-encoding', 'authorization', 'x_under']) assert.ok(headers.has(name), name)
    assert.equal(headers.get('x-long')?.[0]?.length, 8000)
  })

  it('has the Host of the target, once, and the Host of the client in X-Forwarded-Host', async (t) => {
    const scene = openScene(t)
    const { gateway, requests, target } = await opened(scene)
    await sends(scene, gateway, [])
    const { headers } = requests[0] as Message
    assert.deepEqual(headers.get('host'), [`127.0.0.1:${target.port}`])
    assert.deepEqual(headers.get('x-forwarded-host'), ['front.example'])
  })

  it('may get another Host, and other changes, from its route', async (t) => {
    const scene = openScene(t)
    const headers = { set: { host: 'inner.example', 'X-Set': 'new' }, remove: ['Cookie'] }
    const { gateway, requests } = await opened(scene, {
      config: { routes: [{ match: '/', forward: { upstream: 'work', headers } }] },
    })
    await sends(scene, gateway, ['X-SET: old', 'cookie: a=b'])
    const seen = (requests[0] as Message).headers
    assert.deepEqual(seen.get('host'), ['inner.example'])
    assert.deepEqual(seen.get('x-set'), ['new'])
    assert.equal(seen.get('cookie'), undefined)
  })

  it('loses alternative spellings of fields that the gateway or the route sets, removes or reads', async (t) => {
    const scene = openScene(t)
    const headers = { set: { 'X-User-Role': 'guest', x_plan: 'free' }, remove: ['X-Admin', 'x_debug'] }
    const { gateway, requests } = await opened(scene, {
      config: { routes: [{ match: '/', forward: { upstream: 'work', headers } }], trust: ['127.0.0.1'] },
    })
    const twins = [
      'X_Forwarded_For: 6.6.6.6',
      'x_forwarded-host: evil.example',
      'X_FORWARDED_PROTO: https',
      'X_Forwarded_Port: 443',
      'X_Real_IP: 6.6.6.6',
      'X_Request_Id: claimed',
      'Content_Length: 5',
      'Transfer_Encoding: chunked',
      'Keep_Alive: timeout=5',
      'Proxy_Authorization: Basic eDp5',
      'X_Request_Timeout_Ms: 9',
      'Idempotency_Key: claimed',
      'X_Hedgerow_Attempt: 7',
      'X_User_Role: admin',
      'X-Plan: gold',
      'X_Admin: yes',
      'X-Debug: yes',
    ]
    await sends(scene, gateway, [...twins, 'X_Other: kept', 'x-user-ROLE: admin'])
    const { head, headers: seen } = requests[0] as Message
    const spelled = head
      .split('\r\n')
      .slice(1)
      .map((line) => line.slice(0, line.indexOf(':')))
    assert.deepEqual(
      spelled.filter((name) => name.includes('_')),
      ['X_Other', 'x_plan'],
    )
    assert.doesNotMatch(head, /6\.6\.6\.6|evil|claimed|admin|gold|yes|timeout=5/)
    assert.deepEqual([seen.get('x-user-role'), seen.get('x_plan')], [['guest'], ['free']])
  })

  const claims = [
    'X-Forwarded-For: 10.1.1.1',
    'X-Forwarded-Host: claimed.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 443',
    'X-Real-IP: 10.1.1.1',
    'Forwarded: for=10.1.1.1;proto=https',
    'X-Request-Id: claimed-id',
  ]

  it('names the client address, whatever an untrusted client claims', async (t) => {
    const scene = openScene(t)
    const { gateway, requests } = await opened(scene, { config: { trust: ['10.0.0.0/8'] } })
    const answer = await sends(scene, gateway, claims)
    const { headers } = requests[0] as Message
    assert.deepEqual(headers.get('x-forwarded-for'), ['127.0.0.1'])
    assert.deepEqual(headers.get('x-forwarded-host'), ['front.example'])
    assert.deepEqual(headers.get('x-forwarded-proto'), ['http'])
    for (const name of ['x-forwarded-port', 'x-real-ip', 'forwarded']) assert.equal(headers.get(name), undefined, name)
    const id = answer.headers.get('x-request-id')
    assert.match(id?.join() ?? '', /^[0-9a-f-]{36}$/)
    assert.deepEqual(headers.get('x-request-id'), id)
  })

  for (const trust of ['127.0.0.1', '127.0.0.0/8']) {
    it(`keeps the values of a trusted proxy (${trust}), and adds the proxy itself`, async (t) => {
      const scene = openScene(t)
      const { gateway, requests } = await opened(scene, { config: { trust: [trust] } })
      const answer = await sends(scene, gateway, claims)
      const { headers } = requests[0] as Message
      assert.deepEqual(headers.get('x-forwarded-for'), ['10.1.1.1, 127.0.0.1'])
      assert.deepEqual(headers.get('x-forwarded-host'), ['claimed.example'])
      assert.deepEqual(headers.get('x-forwarded-proto'), ['https'])
      assert.deepEqual(headers.get('x-request-id'), ['claimed-id'])
      assert.deepEqual(answer.headers.get('x-request-id'), ['claimed-id'])
    })
  }

  it('keeps every hop of a trusted proxy that lists them in several fields', async (t) => {
    const scene = openScene(t)
    const { gateway, requests } = await opened(scene, { config: { trust: ['127.0.0.1'] } })
    await sends(scene, gateway, ['X-Forwarded-For: 10.1.1.1, 10.2.2.2', 'X-Forwarded-For: 10.3.3.3'])
    const { headers } = requests[0] as Message
    assert.deepEqual(headers.get('x-forwarded-for')?.join(', '), '10.1.1.1, 10.2.2.2, 10.3.3.3, 127.0.0.1')
  })

  it('does not pass on an id that could inject log lines, trusted or not', async (t) => {
    const scene = openScene(t)
    const { gateway, requests } = await opened(scene, { config: { trust: ['127.0.0.1'] } })
    for (const id of ['a b', 'a"b', '<a>', 'a'.repeat(129), '']) {
      const answer = await sends(scene, gateway, [`X-Request-Id: ${id}`])
      assert.match(answer.headers.get('x-request-id')?.join() ?? '', /^[0-9a-f-]{36}$/, id)
      assert.match((requests.at(-1) as Message).headers.get('x-request-id')?.join() ?? '', /^[0-9a-f-]{36}$/, id)
    }
  })

  it('gives each attempt the time left, whatever the client says', async (t) => {
    const scene = openScene(t)
    const left: string[] = []
    const target = await scene.target((message, response) => {
      left.push(String(message.headers['x-request-timeout-ms']))
      // The first two attempts fail, each after 100 ms.
      setTimeout(() => response.writeHead(left.length < 3 ? 503 : 200).end(), 100)
    })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/', deadline: '2s', forward: { upstream: 'work', retry: { attempts: 3 } } }],
    })
    assert.equal((await ask(url, { headers: { 'x-request-timeout-ms': '999999' } })).status, 200)
    const [first, second, third] = left.map(Number) as [number, number, number]
    assert.equal(left.length, 3)
    for (const value of left) assert.match(value, /^\d+$/)
    assertBetween(first, 1850, 2000, 'first')
    assertBetween(first - second, 95, 300, 'first - second')
    assertBetween(second - third, 95, 300, 'second - third')
  })

  it('gives hedges the time left for them', async (t) => {
    const scene = openScene(t)
    const left: number[] = []
    const target = await scene.target((message, response) => {
      left.push(Number(message.headers['x-request-timeout-ms']))
      if (left.length === 3) response.end('{}')
    })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/', deadline: '1s', hedge: { upstream: 'work', after: '200ms', extra: 2 } }],
    })
    assert.equal((await ask(url)).status, 200)
    assertBetween(left[0] as number, 900, 1000, 'the first')
    assertBetween(left[1] as number, 700, 801, 'a hedge')
    assertBetween(left[2] as number, 700, 801, 'a hedge')
  })
})

describe('the header of an answer', () => {
  it('loses the hop-by-hop fields, including those that Connection names', async (t) => {
    const scene = openScene(t)
    const { gateway } = await opened(scene, {
      answer: [
        'HTTP/1.1 200 OK',
        'Connection: Keep-Alive, X-One',
        'connection: x-two,,\tX-THREE',
        'Keep-Alive: timeout=77',
        'Proxy-Connection: keep-alive',
        'TE: x',
        'Upgrade: h2c',
        'X-One: 1',
        'x-two: 2',
        'X-Three: 3',
        'X-Four: 4',
        'Content-Length: 0',
        '\r\n',
      ].join('\r\n'),
    })
    const { headers } = await sends(scene, gateway, [])
    for (const name of hopByHop.slice(1)) assert.equal(headers.get(name), undefined, name)
    assert.notDeepEqual(headers.get('keep-alive'), ['timeout=77'])
    assert.deepEqual(headers.get('x-four'), ['4'])
  })

  it('keeps everything else: order, spelling, repeated fields, non-ASCII bytes', async (t) => {
    const scene = openScene(t)
    const { gateway } = await opened(scene, {
      answer: [
        'HTTP/1.1 418 Any Words',
        'Set-Cookie: a=b',
        'set-cookie: c=d',
        'X-B: 1',
        'x-a: 2',
        'X-Latin: caf\xe9',
        'Date: Sat, 17 Oct 2015 19:31:37 GMT',
        'Server: target',
        'Content-Length: 0',
        '\r\n',
      ].join('\r\n'),
    })
    const { status, head, headers } = await sends(scene, gateway, [])
    assert.equal(status, 418)
    const lines = head.split('\r\n').filter((line) => /^(?:x-[ab]|set-cookie):/i.test(line))
    assert.deepEqual(lines, ['Set-Cookie: a=b', 'set-cookie: c=d', 'X-B: 1', 'x-a: 2'])
    assert.deepEqual(headers.get('x-latin'), ['caf\xe9'])
    assert.deepEqual(headers.get('date'), ['Sat, 17 Oct 2015 19:31:37 GMT'])
    assert.deepEqual(headers.get('server'), ['target'])
  })

  it('has the request id of the gateway, once, whatever the target says', async (t) => {
    const scene = openScene(t)
    const { gateway, requests } = await opened(scene, {
      answer: 'HTTP/1.1 200 OK\r\nX-Request-Id: of-the-target\r\nContent-Length: 0\r\n\r\n',
    })
    const { headers } = await sends(scene, gateway, [])
    assert.deepEqual(headers.get('x-request-id'), (requests[0] as Message).headers.get('x-request-id'))
  })
})
