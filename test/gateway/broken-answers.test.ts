import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UpstreamListView } from '../../src/admin/api.ts'
import { adminUrl, askJson } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { isQuiet, openScene, upstreamOf } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'

describe('a target that breaks off every answer', () => {
  it('is visible as failing in its metrics, its outcomes and its last failure', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
      setTimeout(() => wire.socket.end(), 20)
    })
    const { gateway, url } = await scene.gateway({
      admin: { port: 0 },
      upstreams: upstreamOf(target),
      routes: [{ match: '/', forward: { upstream: 'work' } }],
    })
    for (let i = 0; i < 3; i++) await assert.rejects(ask(url, { method: 'POST' }))
    await isQuiet(gateway)
    const { json } = await askJson<UpstreamListView>(`${adminUrl(gateway)}/api/upstreams`)
    const [view] = json.upstreams[0]?.targets ?? []
    assert.deepEqual(view?.outcomes, { reset: 3 })
    assert.ok((view?.lastFailure?.detail ?? '') !== '')
    const scrape = new Scrape((await ask(`${adminUrl(gateway)}/metrics`)).body)
    assert.equal(scrape.sum('hedgerow_attempts_broken_total'), 3)
    // A single target is never ejected, but the failures are still reported.
    assert.deepEqual(
      scrape.series('hedgerow_target_available').map(({ value }) => value),
      [1],
    )
    assert.equal(scrape.sum('hedgerow_target_ejections_total'), 0)
    assert.equal(scrape.series('hedgerow_target_ejections_total').length, 3)
    // The heads are already counted, and a counter never goes down.
    assert.equal(scrape.sum('hedgerow_attempts_total', { outcome: 'success' }), 3)
    assert.equal(scrape.sum('hedgerow_calls_total', { failure: 'UPSTREAM_RESET' }), 3)
  })
})

describe('a target that breaks off every answer, beside one that does not', () => {
  it('is ejected', async (t) => {
    const scene = openScene(t)
    const broken = await scene.target((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('abc')
      setTimeout(() => response.destroy(), 10)
    })
    const well = await scene.target((_, response) => response.end('well'))
    const { gateway, url } = await scene.gateway({
      admin: { port: 0 },
      upstreams: { work: { targets: { broken: broken.url, well: well.url } } },
      routes: [{ match: '/', forward: { upstream: 'work' } }],
    })
    for (let i = 0; i < 20; i++) await ask(url, { method: 'POST' }).catch(() => {})
    const { json } = await askJson<UpstreamListView>(`${adminUrl(gateway)}/api/upstreams`)
    const view = json.upstreams[0]?.targets.find(({ name }) => name === 'broken')
    assert.deepEqual([view?.outcomes, view?.out.map(({ why }) => why)], [{ reset: 5 }, ['ejected']])
  })

  it('is not ejected if the client broke them off', async (t) => {
    const scene = openScene(t)
    const slow = await scene.target((_, response) => void response.writeHead(200).write('abc'))
    const opened = await scene.gateway({
      admin: { port: 0 },
      upstreams: { work: { targets: { one: slow.url, two: slow.url } } },
      routes: [{ match: '/', forward: { upstream: 'work' } }],
    })
    for (let i = 0; i < 12; i++) {
      const client = await scene.wire(opened)
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.receives('abc')
      client.destroy()
    }
    await isQuiet(opened.gateway)
    const { json } = await askJson<UpstreamListView>(`${adminUrl(opened.gateway)}/api/upstreams`)
    assert.deepEqual(
      json.upstreams[0]?.targets.map(({ available, out }) => [available, out]),
      [
        [true, []],
        [true, []],
      ],
    )
  })
})

describe('an invalid request', () => {
  it('is counted by the status of its answer', async (t) => {
    const scene = openScene(t)
    const opened = await scene.gateway({ admin: { port: 0 }, listen: { headerSize: '8KiB', headerTimeout: '1s' } })
    for (const bytes of [
      'BLA\r\n\r\n',
      'BLA\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(9000)}\r\n\r\n`,
      'GET / HTTP/1.1\r\nHost',
    ]) {
      const client = await scene.wire(opened)
      client.send(bytes)
      await client.closed()
    }
    const scrape = new Scrape((await ask(`${adminUrl(opened.gateway)}/metrics`)).body)
    const told = scrape
      .series('hedgerow_malformed_requests_total')
      .map(({ labels, value }) => [labels['status'], value])
    assert.deepEqual(Object.fromEntries(told), { 400: 2, 408: 1, 431: 1 })
  })
})
