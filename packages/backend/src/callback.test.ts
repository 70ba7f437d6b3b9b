import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type CallbackOrder, readCallbackOrder } from './callback-order.ts'
import { type AsyncOptions, readyProfiles } from './profiles.ts'
import type { Backend } from './server.ts'
import { ask, openBackend, until, VirtualClock } from './test-kit.ts'

interface Posted {
  readonly request: IncomingMessage
  readonly body: string
}

interface Receiver {
  readonly url: string
  readonly posts: readonly Posted[]
}

type Answer = (response: ServerResponse, number: number) => void

const acknowledge: Answer = (response) => void response.writeHead(204).end()

async function openReceiver(t: TestContext, answer: Answer = acknowledge): Promise<Receiver> {
  const posts: Posted[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    posts.push({ request, body })
    answer(response, posts.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/back`, posts }
}

interface Opened {
  readonly backend: Backend
  readonly clock: VirtualClock
  readonly receiver: Receiver
  readonly url: string
}

async function open(t: TestContext, answer?: Answer, options: AsyncOptions = {}): Promise<Opened> {
  const clock = new VirtualClock()
  const receiver = await openReceiver(t, answer)
  const profile = readyProfiles.async({ callbackUrl: receiver.url, ...options })
  const backend = await openBackend(t, { clock, profile })
  return { backend, clock, receiver, url: `${backend.url}/backend-service/method` }
}

describe('an asynchronous backend', () => {
  test('acknowledges at once, and posts its result after the delay', async (t) => {
    const { clock, receiver, url, backend } = await open(t)
    assert.equal((await ask(`${url}?delay=5`)).status, 200)
    clock.advance(4999)
    await nextTurn()
    assert.deepEqual(backend.stats().callbacks, { pending: 1, posted: 0, acknowledged: 0 })
    clock.advance(1)
    await until('it is acknowledged', () => backend.stats().callbacks.acknowledged === 1)
    const { request, body } = receiver.posts[0] as Posted
    assert.deepEqual([request.method, request.url], ['POST', '/back'])
    assert.equal(request.headers['content-type'], 'application/json')
    assert.match(
      body,
      /^\{"timestamp": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", "response": "dummy data for request [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}$/,
    )
    assert.equal(clock.pending, 0)
  })

  test('posts at once without a delay, and accepts fractions of a second', async (t) => {
    const { clock, receiver, url } = await open(t)
    await ask(url)
    await until('the first has come', () => receiver.posts.length === 1)
    await ask(`${url}?delay=.25`)
    clock.advance(250)
    await until('the second has come', () => receiver.posts.length === 2)
  })

  test('repeats the same post every 10 s until it gets a 2xx, whatever else it gets', async (t) => {
    const answers: readonly Answer[] = [
      (response) => void response.writeHead(500).end(),
      (response) => void response.writeHead(302, { location: '/' }).end(),
      (response) => void response.socket?.resetAndDestroy(),
      () => {},
      acknowledge,
    ]
    const { clock, receiver, url, backend } = await open(t, (response, number) =>
      answers[number - 1]?.(response, number),
    )
    await ask(url)
    for (let count = 1; count <= answers.length; count++) {
      await until('it has been posted', () => receiver.posts.length === count)
      await nextTurn()
      clock.advance(9999)
      assert.equal(receiver.posts.length, count)
      clock.advance(1)
    }
    await until('it is acknowledged', () => backend.stats().callbacks.pending === 0)
    assert.deepEqual([receiver.posts.length, clock.pending], [5, 0])
    assert.equal(new Set(receiver.posts.map(({ body }) => body)).size, 1)
  })

  test('keeps posting while the receiver is down', async (t) => {
    const closed = await openReceiver(t)
    const { clock, url, backend } = await open(t, acknowledge, { callbackUrl: closed.url.replace(/:\d+/, ':1') })
    await ask(url)
    for (let beat = 0; beat < 3; beat++) {
      await nextTurn()
      clock.advance(10_000)
    }
    assert.deepEqual(backend.stats().callbacks, { pending: 1, posted: 4, acknowledged: 0 })
    await backend.close()
    assert.equal(clock.pending, 0)
  })

  test('posts to the URL in the header, else in the query, and sends the correlation id', async (t) => {
    const { receiver, url } = await open(t)
    const other = await openReceiver(t)
    const query = `callback_url=${encodeURIComponent(`${other.url}?from=query&n=1`)}`
    await ask(`${url}?${query}`, { headers: { 'X-Correlation-Id': 'c1' } })
    await until('the query’s has come', () => other.posts.length === 1)
    const headers = { 'x-callback-url': `${other.url}?from=header` }
    await ask(`${url}?${query}`, { headers })
    await until('the header’s has come', () => other.posts.length === 2)
    assert.deepEqual(
      other.posts.map(({ request }) => [request.url, request.headers['x-correlation-id']]),
      [
        ['/back?from=query&n=1', 'c1'],
        ['/back?from=header', undefined],
      ],
    )
    assert.equal(receiver.posts.length, 0)
  })

  test('answers 400 and posts nothing if the delay is not a number', async (t) => {
    const { url, backend } = await open(t)
    const { status, headers, body } = await ask(`${url}?delay=xyz`)
    assert.deepEqual([status, body], [400, 'Delay is not a number'])
    assert.match(headers['content-type'] ?? '', /^text\/plain/)
    assert.equal((await ask(`${url}?callback_url=nowhere`)).status, 400)
    assert.equal(backend.stats().callbacks.posted, 0)
  })

  test('posts its result even if its acknowledgement was lost', async (t) => {
    const { url, backend, receiver } = await open(t)
    await backend.patch({ endpoints: { 'GET /backend-service/method': { faults: { resetBeforeHead: 1 } } } })
    await assert.rejects(ask(url), { code: 'ECONNRESET' })
    await until('it has come', () => receiver.posts.length === 1)
  })

  test('posts many results over kept connections', async (t) => {
    const { url, backend, receiver } = await open(t)
    await Promise.all(Array.from({ length: 400 }, () => ask(url)))
    await until('all are acknowledged', () => backend.stats().callbacks.acknowledged === 400)
    const connections = new Set(receiver.posts.map(({ request }) => request.socket))
    assert.ok(connections.size <= 128, String(connections.size))
    assert.equal(new Set(receiver.posts.map(({ body }) => body)).size, 400)
  })

  test('drops pending posts when it is closed', async (t) => {
    const silent: Answer = () => {}
    const { url, backend, clock, receiver } = await open(t, silent)
    await ask(`${url}?delay=3`)
    await ask(url)
    await until('one is being posted', () => receiver.posts.length === 1)
    await backend.close()
    assert.deepEqual([clock.pending, backend.stats().callbacks.pending], [0, 0])
  })
})

describe('a callback order', () => {
  const delayOf = (text: string): number | string => {
    const order: CallbackOrder | string = readCallbackOrder(`delay=${encodeURIComponent(text)}`, [], 'http://a/')
    return typeof order === 'string' ? order : order.delayMs
  }

  for (const [text, delayMs] of [
    ['5', 5000],
    ['0', 0],
    ['0.5', 500],
    ['-1', 0],
    ['1e1', 10_000],
    ['1e300', 86_400_000],
  ] as const) {
    test(`with delay=${text} is for ${delayMs} ms later`, () => assert.equal(delayOf(text), delayMs))
  }
  for (const text of ['', 'xyz', '5s', '0x10', 'NaN', 'Infinity', '1e', '.']) {
    test(`with delay=${text} is refused`, () => assert.equal(delayOf(text), 'Delay is not a number'))
  }
})
