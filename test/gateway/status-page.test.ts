import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask } from '../kit/ask.ts'
import { openClients, openScene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

describe('the status page', () => {
  it('has exactly the format of nginx', async (t) => {
    const { url } = await openScene(t).gateway({ status: {} })
    const { status, headers, body } = await ask(`${url}/nginx_status`)
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'text/plain')
    assert.equal(
      body,
      'Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n',
    )
  })

  it('counts connections that are reading, writing and waiting', async (t) => {
    const scene = openScene(t)
    const target = await scene.target(() => {})
    const gateway = await scene.gateway({
      status: { path: '/status' },
      upstreams: { work: { targets: [target.url] } },
      routes: [{ match: 'GET /hangs', forward: { upstream: 'work' } }],
    })
    const silent = await scene.wire(gateway)
    const bringing = await scene.wire(gateway)
    bringing.send('GET /hangs HTTP/1.1\r\nHost: a')
    const leaving = new AbortController()
    const served = ask(`${gateway.url}/hangs`, { signal: leaving.signal })
    const figures = /Reading: 1 Writing: 2 Waiting: 1 \n$/
    let body = ''
    await until(
      () => `one brings, two are served, one is silent: ${body}`,
      async () => {
        body = (await ask(`${gateway.url}/status`)).body
        return figures.test(body)
      },
    )
    assert.match(body, /^Active connections: 4 \n/)
    leaving.abort()
    await assert.rejects(served)
    silent.destroy()
  })

  it('counts connections above the limit as accepted and not handled', async (t) => {
    const scene = openScene(t)
    const gateway = await scene.gateway({ status: {}, listen: { maxConnections: 2 } })
    const kept = [await scene.wire(gateway), await scene.wire(gateway)]
    await until('both are open', async () => (await openClients(gateway.gateway)) === 2)
    await assert.rejects(ask(`${gateway.url}/nginx_status`))
    for (const wire of kept) wire.destroy()
    await until('both are closed', async () => (await openClients(gateway.gateway)) === 0)
    const { body } = await ask(`${gateway.url}/nginx_status`)
    assert.match(body, /\n 4 3 1 \n/)
  })

  it('is absent unless configured', async (t) => {
    const { url } = await openScene(t).gateway({})
    assert.equal((await ask(`${url}/nginx_status`)).status, 404)
  })
})
