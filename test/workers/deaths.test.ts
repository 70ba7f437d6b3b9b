import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { OverviewView } from '../../src/admin/api.ts'
import { adminUrl, askJson } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { upstreamOf } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'
import { clients, openWorkers } from './kit.ts'

describe('a worker that dies', () => {
  it('loses only its own calls in flight, which are counted and logged', async (t) => {
    const release: (() => void)[] = []
    const { gateway, threads, logged } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target((message, response) => {
          if (message.url === '/held') release.push(() => response.end('late'))
          else response.end('here')
        }),
      ),
      routes: [{ match: 'GET /*', forward: { upstream: 'work' } }],
    }))
    const held = clients(t, 20).map((agent) =>
      ask(`${gateway.url}/held`, { agent }).then(
        ({ status }) => status,
        () => 'lost',
      ),
    )
    await until('all are in flight', () => release.length === 20)
    const perWorker = 20
    await threads[0]?.terminate()
    for (const end of release) end()
    const ends = await Promise.all(held)
    const lost = ends.filter((end) => end === 'lost').length
    assert.ok(lost > 0 && lost < perWorker, `${lost} were in the one that died`)
    assert.equal(ends.filter((end) => end === 200).length, perWorker - lost)
    await until('another has taken its place', () => threads.length === 3)
    const metrics = async () => new Scrape((await ask(`${adminUrl(gateway.gateway)}/metrics`)).body)
    await until('it serves', async () => (await metrics()).sum('hedgerow_workers') === 2)
    const scrape = await metrics()
    assert.equal(scrape.sum('hedgerow_worker_lost_calls_total'), lost)
    assert.equal(scrape.sum('hedgerow_worker_exits_total', { reason: 'died' }), 1)
    assert.equal(scrape.sum('hedgerow_calls_in_flight', { route: 'GET /*' }), 0)
    await until('the live figures tell of it', async () => {
      const { json } = await askJson<OverviewView>(`${adminUrl(gateway.gateway)}/api/overview?history=0`)
      assert.deepEqual(json.workers, { min: 2, max: 2 })
      return isDeepStrictEqual(json.figures.workers, { running: 2, died: 1 })
    })
    assert.match(logged.join('\n'), new RegExp(`worker 1 died with ${lost} calls? in flight`))
    for (const agent of clients(t, 10)) assert.equal((await ask(`${gateway.url}/work`, { agent })).body, 'here')
  })

  it('returns its share of a budget', async (t) => {
    let asked = 0
    const { gateway, threads } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target(() => {
          asked++
        }),
      ),
      routes: [
        {
          match: 'GET /work',
          deadline: '60s',
          hedge: { upstream: 'work', after: '50ms', extra: 1, budget: '0%' },
        },
      ],
    }))
    const give = (count: number): void => {
      for (const agent of clients(t, count)) ask(`${gateway.url}/work`, { agent }).catch(() => {})
    }
    give(20)
    await until('the budget is used up', () => asked === 23)
    for (const thread of threads.slice(0, 2)) await thread.terminate()
    await until('others have taken their places', async () => threads.length === 4)
    await until('and serve', () =>
      ask(`${gateway.url}/none`).then(
        () => true,
        () => false,
      ),
    )
    give(20)
    await until('three more are granted', () => asked === 46)
  })

  it('does not stop its deliveries, although their clients are gone', async (t) => {
    let answer: (() => void) | undefined
    const { gateway, threads } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target((_message, response) => {
          answer = () => response.writeHead(201).end()
        }),
      ),
      routes: [{ match: 'POST /register', broadcast: { upstream: 'work' } }],
    }))
    const asked = assert.rejects(ask(`${gateway.url}/register`, { method: 'POST', body: 'a' }))
    await until('it is at the target', () => answer !== undefined)
    for (const thread of threads.slice(0, 2)) await thread.terminate()
    await asked
    answer?.()
    const acknowledged = async (): Promise<boolean> => {
      const { body } = await ask(`${adminUrl(gateway.gateway)}/api/deliveries?state=acknowledged`)
      return (JSON.parse(body) as { deliveries: object[] }).deliveries.length === 1
    }
    await until('it is delivered', acknowledged)
  })

  it('makes the poster of a callback passed to it get 503, so that it posts again', async (t) => {
    const callbackUrls: string[] = []
    const { gateway, threads } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(
        await scene.target((message, response) => {
          callbackUrls.push(String(message.headers['x-callback-url']))
          response.writeHead(202).end()
        }),
      ),
      routes: [{ match: 'GET /work', callback: { upstream: 'work' }, deadline: '20s' }],
      callbacks: { key: 'a secret of the tests, long enough for one' },
    }))
    const asked = clients(t, 16).map((agent) => ask(`${gateway.url}/work`, { agent }).catch(() => {}))
    await until('all wait', () => callbackUrls.length === 16)
    let isDying = false
    for (const thread of threads) {
      const post = thread.postMessage.bind(thread)
      // It dies before it takes the port by which the callback comes.
      thread.postMessage = (message: readonly unknown[], ...moved) => {
        if (message.includes('join') && !isDying) {
          isDying = true
          void thread.terminate()
        }
        post(message, ...moved)
      }
    }
    const answers = []
    for (const url of callbackUrls) {
      const { pathname, search } = new URL(url)
      answers.push(await ask(gateway.url + pathname + search, { method: 'POST', body: 'x' }).catch(() => undefined))
      if (answers.at(-1)?.status !== 200) break
    }
    const last = answers.at(-1)
    assert.deepEqual([last?.status, last?.headers['retry-after']], [503, '1'])
    assert.match(last?.body ?? '', /WORKER_LOST/)
    // The scene fails if a bug was logged.
    for (const url of callbackUrls) {
      const { pathname, search } = new URL(url)
      await ask(gateway.url + pathname + search, { method: 'POST', body: 'x' }).catch(() => undefined)
    }
    await Promise.all(asked)
  })

  it('does not block a concurrent reload', async (t) => {
    const route = (path: string) => ({ match: `GET ${path}`, forward: { upstream: 'work' } })
    const { gateway, threads, reload } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(await scene.target((_message, response) => response.end('here'))),
      routes: [route('/0')],
    }))
    for (let round = 1; round <= 4; round++) {
      const dying = threads.at(round % 2 === 0 ? -1 : -2)?.terminate()
      assert.deepEqual(await reload({ routes: [route(`/${round}`)] }), { ok: true })
      await dying
      for (const agent of clients(t, 12)) {
        const [is, was] = await Promise.all([
          ask(`${gateway.url}/${round}`, { agent }).catch(() => undefined),
          ask(`${gateway.url}/${round - 1}`).catch(() => undefined),
        ])
        // A call on its way to the dying worker got no answer.
        assert.deepEqual([is?.status ?? 200, was?.status ?? 404], [200, 404])
      }
    }
  })

  it('is not replaced once the gateway is closed', async (t) => {
    const { gateway, threads } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(await scene.target((_message, response) => response.end('here'))),
      routes: [{ match: 'GET /work', forward: { upstream: 'work' } }],
    }))
    for (const thread of threads.slice(0, 2)) await thread.terminate()
    await gateway.gateway.close()
    const count = threads.length
    await new Promise((resolve) => setTimeout(resolve, 700))
    assert.equal(threads.length, count)
    await assert.rejects(ask(`${gateway.url}/work`))
  })

  it('leaves all workers with one configuration, whenever in a reload it happens', async (t) => {
    const forward = (path: string) => ({ match: `GET ${path}`, forward: { upstream: 'work' } })
    const { gateway, reload, threads } = await openWorkers(t, async (scene) => ({
      workers: 3,
      upstreams: upstreamOf(await scene.target((_message, response) => response.end())),
      routes: [forward('/0')],
    }))
    const { gateway: inner, url } = gateway
    for (let round = 1; round <= 6; round++) {
      const reloaded = reload({ routes: [forward(`/${round}`)] })
      await sleep(4 * (round - 1))
      await threads.at(-1)?.terminate()
      assert.deepEqual(await reloaded, { ok: true })
      for (const agent of clients(t, 6)) {
        const statuses = [await ask(`${url}/${round}`, { agent }), await ask(`${url}/${round - 1}`, { agent })]
        assert.deepEqual(
          statuses.map(({ status }) => status),
          [200, 404],
        )
      }
      await until('another serves in its place', async () => {
        const scrape = new Scrape((await ask(`${adminUrl(inner)}/metrics`)).body)
        return scrape.sum('hedgerow_workers') === 3
      })
    }
  })
})
