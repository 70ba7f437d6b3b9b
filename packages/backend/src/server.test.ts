import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { startBackend } from '../../../test/kit/backend.ts'
import type { ReceivedRequest } from './exchange.ts'
import type { EndpointInput, ProfileInput } from './profile.ts'
import { ask, openBackend, until, VirtualClock } from './test-kit.ts'

function profileOf(endpoint: EndpointInput, key = 'GET /x'): ProfileInput {
  return { endpoints: { [key]: endpoint } }
}

describe('the answer of a backend', () => {
  test('has the body, the type and the length of its profile', async (t) => {
    const backend = await openBackend(t, {
      profile: profileOf({ body: { json: { a: 'é' } }, headers: { 'x-a': 'b' } }),
    })
    const { status, headers, body } = await ask(`${backend.url}/x?any=thing`)
    assert.deepEqual([status, body], [200, '{"a":"é"}'])
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['content-length'], '10')
    assert.equal(headers['x-a'], 'b')
  })

  test('comes no sooner than its latency, and reports it', async (t) => {
    const clock = new VirtualClock()
    const latency = { kind: 'fixed', ms: 300 } as const
    const backend = await openBackend(t, { clock, profile: profileOf({ latency, body: { json: '{{latencyMs}}' } }) })
    let isAnswered = false
    const asked = ask(`${backend.url}/x`).finally(() => {
      isAnswered = true
    })
    await until('it waits', () => clock.pending === 1)
    clock.advance(299)
    assert.deepEqual([isAnswered, clock.pending], [false, 1])
    clock.advance(1)
    assert.equal((await asked).body, '300')
  })

  test('takes about as long on the real clock', async (t) => {
    const latency = { kind: 'fixed', ms: 60 } as const
    const backend = await openBackend(t, { profile: profileOf({ latency, body: { json: '{{latencyMs}}' } }) })
    const tookMs = Number((await ask(`${backend.url}/x`)).body)
    assert.ok(tookMs >= 60 && tookMs < 2000, String(tookMs))
  })

  test('is 404 for an unknown path, and 405 with Allow for an unknown method', async (t) => {
    const backend = await openBackend(t, { profile: { endpoints: { 'GET /x': {}, 'PUT /x': {} } } })
    assert.equal((await ask(`${backend.url}/y`)).status, 404)
    const { status, headers } = await ask(`${backend.url}/x`, { method: 'POST', body: 'a' })
    assert.deepEqual([status, headers.allow], [405, 'GET, PUT'])
  })

  test('has the error body for a status other than 2xx, and none for 204', async (t) => {
    const backend = await openBackend(t, {
      profile: { endpoints: { 'GET /a': { status: { 429: 1 } }, 'GET /b': { status: { 204: 1 } } } },
    })
    const { status, body } = await ask(`${backend.url}/a`)
    assert.deepEqual([status, body], [429, '{"error":"Too Many Requests"}'])
    const empty = await ask(`${backend.url}/b`)
    assert.deepEqual([empty.status, empty.body, empty.headers['content-length']], [204, '', undefined])
  })

  test('comes from the longest matching prefix if no path matches exactly', async (t) => {
    const text = (text: string): EndpointInput => ({ body: { text } })
    const endpoints = { 'GET /*': text('any'), 'GET /a/*': text('a'), 'GET /a/b': text('b') }
    const backend = await openBackend(t, { profile: { endpoints } })
    const bodies = await Promise.all(['/z', '/a/c', '/a/b'].map(async (path) => (await ask(backend.url + path)).body))
    assert.deepEqual(bodies, ['any', 'a', 'b'])
  })

  test('can contain data of the request', async (t) => {
    const body = { json: '{{requestNumber}} {{name}} {{method}} {{path}} {{query}}' }
    const backend = await openBackend(t, { name: 'b1', profile: profileOf({ body }) })
    await ask(`${backend.url}/x`)
    assert.equal((await ask(`${backend.url}/x?a=%22`)).body, '"2 b1 GET /x a=%22"')
  })

  test('keeps the connection, so that the next request needs no new one', async (t) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    const backend = await openBackend(t, { profile: { endpoints: { 'GET /x': {}, 'POST /x': {} } } })
    for (let i = 0; i < 5; i++) {
      await ask(`${backend.url}/x`, { agent })
      await ask(`${backend.url}/x`, { agent, method: 'POST', body: 'a' })
    }
    const { requests, connectionsTotal } = backend.stats()
    assert.deepEqual({ requests, connectionsTotal }, { requests: 10, connectionsTotal: 1 })
  })

  test('goes out in order to pipelined requests', async (t) => {
    const backend = await openBackend(t, {
      profile: {
        endpoints: { 'GET /a': { latency: { kind: 'fixed', ms: 20 } }, 'GET /b': { body: { text: 'last' } } },
      },
    })
    const socket = connect(backend.port, '127.0.0.1')
    socket.write('GET /a HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    const text = await socket.setEncoding('utf8').reduce((all, chunk) => all + chunk, '')
    assert.ok(text.indexOf('\r\n\r\nok') > 0 && text.indexOf('\r\n\r\nok') < text.indexOf('last'), text)
    assert.deepEqual(backend.stats().answers, { 200: 2 })
  })
})

describe('the request that a backend reports', () => {
  test('has method, path, query, headers and the whole body', async (t) => {
    const seen: ReceivedRequest[] = []
    const onRequest = (request: ReceivedRequest): void => void seen.push(request)
    const backend = await openBackend(t, { profile: profileOf({}, 'POST /x'), onRequest })
    await ask(`${backend.url}/x?a=1&a=%20`, { method: 'POST', body: 'é'.repeat(40_000), headers: { 'X-One': 'two' } })
    const { method, path, query, headers, body } = seen[0] as ReceivedRequest
    assert.deepEqual([method, path, query], ['POST', '/x', 'a=1&a=%20'])
    assert.equal(headers[headers.indexOf('X-One') + 1], 'two')
    assert.equal(Buffer.from(body).toString(), 'é'.repeat(40_000))
  })

  test('is omitted if the body exceeds the limit, which gets 413', async (t) => {
    let told = 0
    const backend = await openBackend(t, {
      profile: profileOf({}, 'POST /x'),
      maxBodyBytes: 10,
      onRequest: () => void told++,
    })
    assert.equal((await ask(`${backend.url}/x`, { method: 'POST', body: '0123456789' })).status, 200)
    assert.equal((await ask(`${backend.url}/x`, { method: 'POST', body: '0123456789a' })).status, 413)
    assert.equal(told, 1)
  })
})

describe('a client that hangs up', () => {
  const slow = { kind: 'fixed', ms: 60_000 } as const

  test('during its wait is counted as aborted, and leaves no timer', async (t) => {
    const clock = new VirtualClock()
    const backend = await openBackend(t, { clock, profile: profileOf({ latency: slow }) })
    const abort = new AbortController()
    const asked = ask(`${backend.url}/x`, { signal: abort.signal })
    await until('it waits', () => clock.pending === 1)
    assert.equal(backend.stats().inFlight, 1)
    abort.abort()
    await assert.rejects(asked)
    await until('the backend sees it', () => backend.stats().aborted === 1)
    const { inFlight, answers, connections } = backend.stats()
    assert.deepEqual({ inFlight, answers, connections }, { inFlight: 0, answers: {}, connections: 0 })
    assert.equal(clock.pending, 0)
  })

  test('in the middle of its own body is counted as well', async (t) => {
    const backend = await openBackend(t, { profile: profileOf({}, 'POST /x') })
    const socket = connect(backend.port, '127.0.0.1')
    socket.write('POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n01234')
    await until('it has arrived', () => backend.stats().inFlight === 1)
    socket.destroy()
    await until('the backend sees it', () => backend.stats().aborted === 1)
    assert.equal(backend.stats().inFlight, 0)
  })

  test('with pipelined requests aborts each of them', async (t) => {
    const backend = await openBackend(t, { profile: profileOf({ latency: slow }) })
    const socket = connect(backend.port, '127.0.0.1')
    socket.write('GET /x HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3))
    await until('all have arrived', () => backend.stats().inFlight === 3)
    socket.destroy()
    await until('the backend sees it', () => backend.stats().aborted === 3)
  })

  test('after its answer is not counted', async (t) => {
    const backend = await openBackend(t, { profile: profileOf({ latency: { kind: 'fixed', ms: 1 } }) })
    await ask(`${backend.url}/x`)
    await until('the connection is gone', () => backend.stats().connections === 0)
    assert.equal(backend.stats().aborted, 0)
  })

  test('along with 1,499 others leaves nothing behind', async (t) => {
    const clock = new VirtualClock()
    const backend = await openBackend(t, { clock, profile: profileOf({ latency: slow }) })
    const abort = new AbortController()
    const asked = Array.from({ length: 1500 }, () => ask(`${backend.url}/x`, { signal: abort.signal }))
    const all = Promise.allSettled(asked)
    await until('all wait', () => clock.pending === 1500)
    assert.equal(backend.stats().inFlightPeak, 1500)
    abort.abort()
    await all
    await until('all are seen to go', () => backend.stats().aborted === 1500)
    assert.deepEqual([clock.pending, backend.stats().connections], [0, 0])
  })
})

describe('close', () => {
  test('ends waiting requests and their timers', async (t) => {
    const clock = new VirtualClock()
    const latency = { kind: 'fixed', ms: 60_000 } as const
    const backend = await openBackend(t, { clock, profile: profileOf({ latency }) })
    const asked = assert.rejects(ask(`${backend.url}/x`))
    await until('it waits', () => clock.pending === 1)
    await backend.close()
    await asked
    const { cut, aborted, inFlight } = backend.stats()
    assert.deepEqual({ cut, aborted, inFlight }, { cut: 1, aborted: 0, inFlight: 0 })
    assert.equal(clock.pending, 0)
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
  })

  test('may be called twice, and no patch is accepted afterwards', async (t) => {
    const backend = await openBackend(t, { name: 'b1', profile: profileOf({}) })
    await Promise.all([backend.close(), backend.close()])
    await assert.rejects(backend.patch({ refuse: false }), /b1 is closed/)
  })
})

test('a port that is taken is an error, and leaves nothing open', async (t) => {
  const { port } = await openBackend(t, { profile: profileOf({}) })
  await assert.rejects(startBackend({ profile: profileOf({}), port }), { code: 'EADDRINUSE' })
  await assert.rejects(startBackend({ profile: profileOf({}), port: 0, control: { port } }), { code: 'EADDRINUSE' })
})
