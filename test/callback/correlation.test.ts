import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, problemOf } from '../kit/ask.ts'
import { type Order, openCallingBack, post } from '../kit/calling-back.ts'

/** Every way in which backend and gateway can identify the call of a result, end to end. */

const parameter = ({ url }: Order, name: string): string => new URL(url, 'http://a').searchParams.get(name) ?? ''
const member = ({ body }: Order, ...names: readonly string[]): string =>
  names.reduce((value: unknown, name) => (value as Record<string, unknown>)[name], JSON.parse(body)) as string

const urlPlaces: readonly (readonly [string, (order: Order) => string])[] = [
  ['header:X-Reply-To', ({ headers }) => String(headers['x-reply-to'])],
  ['query:reply_to', (order) => parameter(order, 'reply_to')],
  ['json:/meta/reply~1to', (order) => member(order, 'meta', 'reply/to')],
]

const idPlaces: readonly (readonly [string, (order: Order) => string])[] = [
  ['header:X-Id', ({ headers }) => String(headers['x-id'])],
  ['query:id', (order) => parameter(order, 'id')],
  ['json:/meta/id', (order) => member(order, 'meta', 'id')],
]

const ask1 = (url: string) =>
  ask(`${url}/work/a?keep=%2f&keep=+`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"n":1,"meta":{"x":[2]}}',
  })

function assertRest({ url, body, headers }: Order): void {
  assert.ok(url.startsWith('/work/a?keep=%2f&keep=+'))
  const { n, meta } = JSON.parse(body) as { n: number; meta: { x: number[] } }
  assert.deepEqual([n, meta.x], [1, [2]])
  assert.equal(headers['content-length'], String(Buffer.byteLength(body)))
}

describe('the callback URL', () => {
  for (const [place, urlOf] of urlPlaces) {
    it(`sent in ${place} brings the result back`, async (t) => {
      const { order, open } = openCallingBack(t)
      const { url } = await open({ route: { send: { url: place } } })
      const asked = ask1(url)
      const sent = await order(0)
      assertRest(sent)
      assert.equal((await post(urlOf(sent), 'result')).status, 200)
      assert.equal((await asked).body, 'result')
    })
  }

  it('is as configured, whatever address the gateway listens on', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url, port } = await open({ config: { callbacks: { url: 'https://gw.example/base/' } } })
    const asked = ask(`${url}/work/a`)
    const { callbackUrl } = await order(0)
    assert.match(callbackUrl, /^https:\/\/gw\.example\/base\/_hedgerow\/callbacks\?callback=[\w-]{56}$/)
    const { search } = new URL(callbackUrl)
    await post(`http://localhost:${port}/_hedgerow/callbacks${search}`, 'result')
    assert.equal((await asked).body, 'result')
  })
})

describe('an id', () => {
  for (const [place, idOf] of idPlaces) {
    for (const back of ['header:X-Job', 'json:/job/id'] as const) {
      it(`sent in ${place} and received in ${back} brings the result back`, async (t) => {
        const { order, open } = openCallingBack(t)
        const { url } = await open({
          route: { send: { id: place }, receive: { id: back, path: '/done' } },
        })
        const asked = ask1(url)
        const sent = await order(0)
        assertRest(sent)
        const id = idOf(sent)
        assert.match(id, /^[\w-]{56}$/)
        const body = JSON.stringify({ job: { id: back.startsWith('json') ? id : 'none' }, result: 1 })
        const forged = await post(`${url}/done`, JSON.stringify({ job: { id: `${id}x` } }), { 'x-job': `${id}x` })
        assert.equal(forged.status, 403)
        const posted = await post(`${url}/done`, body, back.startsWith('json') ? {} : { 'x-job': id })
        assert.deepEqual([posted.status, posted.body], [200, '{"status":"answered"}\n'])
        assert.equal((await asked).body, body)
      })
    }
  }

  it('may accompany a URL, which then gives only the address', async (t) => {
    const { order, open } = openCallingBack(t)
    const { url } = await open({
      route: {
        send: { url: 'header:x-callback-url', id: 'header:x-correlation-id' },
        receive: { id: 'header:x-correlation-id' },
      },
    })
    const asked = ask(`${url}/work/a`, { headers: { 'x-correlation-id': 'of the client' } })
    const { callbackUrl, headers } = await order(0)
    assert.ok(callbackUrl.endsWith('/_hedgerow/callbacks'))
    await post(callbackUrl, 'result', { 'x-correlation-id': String(headers['x-correlation-id']) })
    assert.equal((await asked).body, 'result')
  })
})

describe('a request that cannot carry the callback URL or id', () => {
  it('gets 400, and the backend receives nothing', async (t) => {
    const { orders, open } = openCallingBack(t)
    const { url } = await open({ route: { send: { url: 'json:/meta/cb' } } })
    for (const body of ['not json', '[]', undefined]) {
      const answer = await ask(`${url}/work/a`, { method: 'POST', ...(body === undefined ? {} : { body }) })
      assert.deepEqual([answer.status, problemOf(answer).code], [400, 'BAD_REQUEST'])
    }
    assert.equal(orders.length, 0)
  })

  it('gets 413 if its body is larger than the buffer limit', async (t) => {
    const { orders, open } = openCallingBack(t)
    const { url } = await open({ route: { bodyLimit: '1KiB' } })
    const answer = await ask(`${url}/work/a`, { method: 'POST', body: 'x'.repeat(1025) })
    assert.deepEqual([answer.status, orders.length], [413, 0])
  })
})
