import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, problemOf } from '../kit/ask.ts'
import { openCallingBack, post, ticketOf } from '../kit/calling-back.ts'
import { upstreamOf } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'
import { clients, openWorkers } from './kit.ts'

const workers = { workers: 3 }
const key = 'a secret of the tests, long enough for one'

describe('callbacks of a gateway with workers', () => {
  it('reach the waiting client, whichever worker receives them', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url } = await open({ config: workers })
    const asked = clients(t, 24).map((agent, place) => ask(`${url}/work/${place}`, { agent }))
    for (let place = 0; place < 24; place++) {
      const { url: path, callbackUrl } = await order(place)
      const answer = await post(callbackUrl, JSON.stringify({ of: path }))
      assert.deepEqual([answer.status, answer.body], [200, '{"status":"answered"}\n'])
      assert.equal((await post(callbackUrl, 'again')).body, '{"status":"repeated"}\n')
    }
    for (const [place, answer] of (await Promise.all(asked)).entries()) {
      assert.deepEqual([answer.status, answer.body], [200, JSON.stringify({ of: `/work/${place}` })])
    }
  })

  it('leave a late result at its ticket, for any worker to fetch', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url } = await open({ config: workers, routeRest: { deadline: '200ms' } })
    const late = await ask(`${url}/work/1`)
    assert.equal(late.status, 503)
    const ticket = ticketOf(late)
    for (const agent of clients(t, 6)) assert.equal((await ask(url + ticket, { agent })).status, 202)
    assert.equal((await post((await order(0)).callbackUrl, '{"late":true}')).body, '{"status":"kept"}\n')
    for (const agent of clients(t, 6)) {
      const { status, body } = await ask(url + ticket, { agent })
      assert.deepEqual([status, body], [200, '{"late":true}'])
    }
  })

  it('are awaited while the gateway drains', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url, gateway } = await open({ config: workers })
    const asked = ask(`${url}/work/1`)
    const { callbackUrl } = await order(0)
    const drained = gateway.drain()
    await until('the result is taken', async () =>
      post(callbackUrl, '{"done":true}').then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    assert.equal((await asked).body, '{"done":true}')
    await drained
  })

  it('reach a client that waits at a worker that retires', async (t) => {
    const backend = Promise.withResolvers<void>()
    const urls: string[] = []
    const { gateway, reload } = await openWorkers(t, async (opened) => ({
      workers: 3,
      callbacks: { key },
      upstreams: upstreamOf(
        await opened.target((message, response) => {
          urls.push(String(message.headers['x-callback-url']))
          if (urls.length === 24) backend.resolve()
          response.writeHead(202).end()
        }),
      ),
      routes: [{ match: '/work/*', callback: { upstream: 'work' }, deadline: '20s' }],
    }))
    const asked = clients(t, 24).map((agent, index) => ask(`${gateway.url}/work/${index}`, { agent }))
    await backend.promise
    assert.deepEqual(await reload({ workers: 2 }), { ok: true })
    for (const url of urls) {
      const { pathname, search } = new URL(url)
      const { body } = await ask(gateway.url + pathname + search, { method: 'POST', body: 'done' })
      assert.equal(body, '{"status":"answered"}\n')
    }
    for (const { status, body } of await Promise.all(asked)) assert.deepEqual([status, body], [200, 'done'])
  })

  it('that are too large are reported to the waiting client, whichever worker receives them', async (t) => {
    const { open, order } = openCallingBack(t)
    const { url } = await open({ config: workers, route: { maxAnswer: '1KiB' }, routeRest: { deadline: '20s' } })
    const asked = clients(t, 9).map((agent, place) => ask(`${url}/work/${place}`, { agent }))
    for (let place = 0; place < 9; place++) {
      assert.equal((await post((await order(place)).callbackUrl, 'x'.repeat(2000))).status, 413)
    }
    for (const { status, body } of await within(5000, 'answered', Promise.all(asked))) {
      assert.deepEqual([status, problemOf({ body }).code], [502, 'UPSTREAM_INVALID'])
    }
  })

  it('are dropped, and their tickets expire, once durable results no longer have a store', async (t) => {
    const { open, order } = openCallingBack(t)
    const before = await open({ config: workers, route: { durable: true } })
    const ticket = ticketOf(await ask(`${before.url}/work/1`, { headers: { prefer: 'respond-async' } }))
    const { callbackUrl } = await order(0)
    await before.gateway.close()
    const { url, port } = await open({ config: workers })
    const { pathname, search } = new URL(callbackUrl)
    const posted = await post(`http://127.0.0.1:${port}${pathname}${search}`, 'late')
    assert.deepEqual([posted.status, posted.body], [200, '{"status":"dropped"}\n'])
    assert.equal((await ask(url + ticket)).status, 410)
  })

  it('still arrive at their old URL after a reload, also at a worker started since', async (t) => {
    const callback = { upstream: 'work', receive: { path: '/old' } }
    const { gateway, reload } = await openWorkers(t, async (opened) => ({
      callbacks: { key },
      upstreams: upstreamOf(await opened.target((_message, response) => response.writeHead(202).end())),
      routes: [{ match: '/work/*', callback }],
    }))
    const respondAsync = { headers: { prefer: 'respond-async' } }
    const ticket = ticketOf(await ask(`${gateway.url}/work/1`, respondAsync))
    assert.deepEqual(await reload({ workers: 4, routes: [{ match: '/work/*', forward: { upstream: 'work' } }] }), {
      ok: true,
    })
    for (const agent of clients(t, 24)) {
      assert.equal((await ask(gateway.url + ticket, { agent })).status, 202)
      const forged = await ask(`${gateway.url}/old?callback=${'x'.repeat(56)}`, { agent, method: 'POST', body: 'x' })
      assert.equal(forged.status, 403)
    }
  })

  it('arrive at a path that a reload adds, at every worker', async (t) => {
    const routeAt = (path: string) => ({
      match: `${path}/*`,
      callback: { upstream: 'work', receive: { path: `${path}-back` } },
    })
    const { gateway, reload } = await openWorkers(t, async (opened) => ({
      callbacks: { key },
      upstreams: upstreamOf(await opened.target((_message, response) => response.writeHead(202).end())),
      routes: [routeAt('/old')],
    }))
    assert.deepEqual(await reload({ routes: [routeAt('/old'), routeAt('/new')] }), { ok: true })
    for (const agent of clients(t, 12)) {
      const forged = `${gateway.url}/new-back?callback=${'x'.repeat(56)}`
      assert.equal((await ask(forged, { agent, method: 'POST', body: 'x' })).status, 403)
    }
  })
})
