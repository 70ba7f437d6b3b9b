import assert from 'node:assert/strict'
import type { Agent } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { adminUrl } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { openTargets, type Scene, upstreamOf } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'
import { clients, openWorkers } from './kit.ts'

const forward = (path: string) => ({ match: `GET ${path}`, forward: { upstream: 'work' } })

function answering(scene: Scene, text: string) {
  return scene.target((_message, response) => response.end(text))
}

/** Sends calls without a pause until stopped; returns the bad answers. */
function load(url: string, agents: readonly Agent[]) {
  const state = { stopped: false }
  let count = 0
  const failures: string[] = []
  const one = async (agent: Agent): Promise<void> => {
    while (!state.stopped) {
      try {
        const { status, body } = await ask(url, { agent })
        count++
        if (status !== 200) failures.push(`${status} ${body}`)
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  const all = agents.map(one)
  return {
    count: () => count,
    stop: async () => {
      state.stopped = true
      await Promise.all(all)
      return { count, failures }
    },
  }
}

/** In one thread, and in several. */
for (const workers of [1, 2] as const) {
  const open = (t: TestContext, config: (scene: Scene) => Promise<ConfigInput>) =>
    openWorkers(t, async (scene) => ({ workers, ...(await config(scene)) }))

  describe(`a reload of ${workers === 1 ? 'one thread' : 'workers'}`, () => {
    it('fails no request, and applies the new configuration to every thread', async (t) => {
      let second = ''
      const { gateway, reload } = await open(t, async (scene) => {
        second = (await answering(scene, 'second')).url
        return { upstreams: upstreamOf(await answering(scene, 'first')), routes: [forward('/work'), forward('/old')] }
      })
      const running = load(`${gateway.url}/work`, clients(t, 8))
      for (let i = 0; i < 6; i++) {
        const routes = [forward('/work'), forward(i % 2 === 0 ? '/new' : '/old')]
        assert.deepEqual(await reload({ routes, upstreams: { work: { targets: [second] } } }), { ok: true })
        const before = running.count()
        await until('some more are answered', () => running.count() > before + 50)
      }
      const { count, failures } = await running.stop()
      assert.deepEqual(failures, [])
      assert.ok(count > 300, String(count))
      for (const agent of clients(t, 10)) {
        assert.equal((await ask(`${gateway.url}/work`, { agent })).body, 'second')
        assert.equal((await ask(`${gateway.url}/old`, { agent })).status, 200)
        assert.equal((await ask(`${gateway.url}/new`, { agent })).status, 404)
      }
    })

    it('finishes a call in flight under the old configuration, then frees its resources', async (t) => {
      let release = (): void => {}
      const { gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(
          await scene.target((_message, response) => {
            release = () => response.end('old')
          }),
        ),
        routes: [forward('/work')],
      }))
      const asked = ask(`${gateway.url}/work`)
      await until('it is at the target', async () => (await openTargets(gateway.gateway)).open === 1)
      assert.deepEqual(await reload({ routes: [], upstreams: {} }), { ok: true })
      assert.equal((await ask(`${gateway.url}/work`)).status, 404)
      release()
      assert.deepEqual([(await asked).status, (await asked).body], [200, 'old'])
      await until('its socket is closed', async () => (await openTargets(gateway.gateway)).open === 0)
    })

    it('keeps the connections of an unchanged upstream, and those of the clients', async (t) => {
      const targets: { connectionsTotal(): number }[] = []
      const { gateway, reload } = await open(t, async (scene) => {
        const target = await answering(scene, 'here')
        targets.push(target)
        return { upstreams: upstreamOf(target), routes: [forward('/work')] }
      })
      const [agent] = clients(t, 1)
      const accepted = async () => (await gateway.gateway.view.connections()).accepted
      await ask(`${gateway.url}/work`, { agent: agent as Agent })
      const before = await accepted()
      assert.deepEqual(await reload({ routes: [forward('/work'), forward('/more')] }), { ok: true })
      await ask(`${gateway.url}/more`, { agent: agent as Agent })
      assert.deepEqual([targets[0]?.connectionsTotal(), await accepted()], [1, before])
    })

    it('loses no count', async (t) => {
      const { gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(await answering(scene, 'here')),
        routes: [forward('/work')],
      }))
      const total = async (): Promise<number> =>
        new Scrape((await ask(`${adminUrl(gateway.gateway)}/metrics`)).body).sum('hedgerow_calls_total', {
          route: 'GET /work',
        })
      for (let round = 1; round <= 3; round++) {
        for (const agent of clients(t, 4)) await ask(`${gateway.url}/work`, { agent })
        assert.equal(await total(), 4 * round)
        assert.deepEqual(await reload({ routes: [forward('/work'), forward(`/${round}`)] }), { ok: true })
      }
      assert.equal(await total(), 12)
    })

    it('moves to another port, while connected clients continue', async (t) => {
      const { scene, gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(await answering(scene, 'here')),
        routes: [forward('/work')],
      }))
      const [agent] = clients(t, 1)
      assert.equal((await ask(`${gateway.url}/work`, { agent: agent as Agent })).status, 200)
      const free = await answering(scene, '')
      await free.close()
      assert.deepEqual(await reload({ listen: { port: free.port } }), { ok: true })
      const accepted = async () => (await gateway.gateway.view.connections()).accepted
      const before = await accepted()
      const last = await ask(`${gateway.url}/work`, { agent: agent as Agent })
      assert.deepEqual([last.status, last.headers.connection], [200, 'close'])
      assert.equal((await ask(`${free.url}/work`)).body, 'here')
      await until('the old port is closed', () =>
        ask(`${gateway.url}/work`).then(
          () => false,
          () => true,
        ),
      )
      assert.ok((await accepted()) > before, 'what the old one has counted stays')
    })

    it('changes nothing if it cannot be done, and explains why', async (t) => {
      const { scene, gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(await answering(scene, 'here')),
        routes: [forward('/work')],
      }))
      const taken = await answering(scene, 'taken')
      const refused = await reload({ listen: { port: taken.port }, routes: [forward('/other')] })
      assert.ok(!refused.ok)
      assert.match(refused.errors.join(), /port \d+ on 127\.0\.0\.1 is taken: set listen\.port/)
      for (const agent of clients(t, 6)) {
        assert.equal((await ask(`${gateway.url}/work`, { agent })).status, 200)
        assert.equal((await ask(`${gateway.url}/other`, { agent })).status, 404)
      }
      const other = await reload({ workers: workers === 1 ? 4 : 1 })
      assert.ok(!other.ok)
      assert.match(other.errors.join(), /workers .* restart/)
      assert.deepEqual(await reload({ routes: [forward('/other')] }), { ok: true })
      for (const agent of clients(t, 6)) assert.equal((await ask(`${gateway.url}/other`, { agent })).status, 200)
    })

    it('keeps pending deliveries, and the writes that arrive meanwhile', async (t) => {
      const writes: string[] = []
      const routes = (attempts: number) => [
        { match: 'POST /register', broadcast: { upstream: 'work', respond: 'accepted', attempts } } as const,
      ]
      let isDown = true
      const { gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(
          await scene.target((message, response) => {
            if (!isDown) writes.push(String(message.headers['idempotency-key']))
            response.writeHead(isDown ? 500 : 201).end()
          }),
        ),
        routes: routes(50),
      }))
      const write = (key: string) =>
        ask(`${gateway.url}/register`, { method: 'POST', body: 'a', headers: { 'idempotency-key': key } })
      assert.equal((await write('before')).status, 202)
      const [reloaded, during] = await Promise.all([reload({ routes: routes(60) }), write('during')])
      assert.deepEqual([reloaded, during.status], [{ ok: true }, 202])
      isDown = false
      await until('both are delivered', () => writes.length === 2, 10_000)
      assert.deepEqual(writes.sort(), ['before', 'during'])
    })

    it('adds an admin side to a gateway without one, moves it, and removes it', async (t) => {
      const { scene, gateway, reload } = await open(t, async (scene) => ({
        admin: undefined,
        upstreams: upstreamOf(await answering(scene, 'here')),
        routes: [forward('/work')],
      }))
      assert.equal(gateway.gateway.admin, undefined)
      assert.deepEqual(await reload({ admin: { port: 0 } }), { ok: true })
      const first = adminUrl(gateway.gateway)
      await ask(`${gateway.url}/work`)
      assert.equal(
        new Scrape((await ask(`${first}/metrics`)).body).sum('hedgerow_calls_total', { route: 'GET /work' }),
        1,
      )
      const free = await answering(scene, '')
      await free.close()
      const token = 'a-token-of-more-than-16'
      assert.deepEqual(await reload({ admin: { port: free.port, token } }), { ok: true })
      const isGone = (url: string) => () =>
        ask(url).then(
          () => false,
          () => true,
        )
      await until('the former admin side is closed', isGone(`${first}/healthz`))
      const headers = { authorization: `Bearer ${token}` }
      assert.equal((await ask(`${free.url}/metrics`)).status, 401)
      assert.equal((await ask(`${free.url}/metrics`, { headers })).status, 200)
      assert.deepEqual(await reload({ admin: { port: free.port, token: 'another-token-than-that' } }), { ok: true })
      assert.equal((await ask(`${free.url}/metrics`, { headers })).status, 401)
      assert.deepEqual(await reload({ admin: undefined }), { ok: true })
      await until('it is closed', isGone(`${free.url}/healthz`))
    })

    it('opens no store of a rejected configuration', async (t) => {
      const { scene, gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(
          await scene.target((_message, response) => {
            response.writeHead(201).end()
          }),
        ),
        routes: [forward('/work')],
      }))
      const taken = await answering(scene, 'taken')
      const routes = [{ match: 'POST /register', broadcast: { upstream: 'work', respond: 'all' } } as const]
      assert.equal((await reload({ routes, store: { path: 'b.db' }, listen: { port: taken.port } })).ok, false)
      assert.deepEqual(await reload({ routes, store: { path: 'a.db' } }), { ok: true })
      assert.equal((await ask(`${gateway.url}/register`, { method: 'POST', body: 'a' })).status, 201)
      const other = await reload({ routes, store: { path: 'b.db' } })
      assert.ok(!other.ok)
      assert.match(other.errors.join(), /store\.path cannot change from .*a\.db to .*b\.db while the gateway runs/)
    })

    it('opens no admin side of a rejected configuration', async (t) => {
      const { scene, gateway, reload } = await open(t, async (scene) => ({
        admin: undefined,
        upstreams: upstreamOf(await answering(scene, 'here')),
        routes: [forward('/work')],
      }))
      const [taken, free] = [await answering(scene, 'taken'), await answering(scene, '')]
      await free.close()
      const refused = await reload({ admin: { port: free.port }, listen: { port: taken.port } })
      assert.equal(refused.ok, false)
      assert.equal(gateway.gateway.admin, undefined)
      await assert.rejects(ask(`${free.url}/healthz`))
    })

    it('adds deliveries to a gateway without them', async (t) => {
      const { gateway, reload } = await open(t, async (scene) => ({
        upstreams: upstreamOf(
          await scene.target((_message, response) => {
            response.writeHead(201).end()
          }),
        ),
        routes: [forward('/work')],
      }))
      const { admin } = gateway.gateway
      assert.deepEqual(
        await reload({
          routes: [forward('/work'), { match: 'POST /register', broadcast: { upstream: 'work', respond: 'all' } }],
        }),
        { ok: true },
      )
      for (const agent of clients(t, 6)) {
        assert.equal((await ask(`${gateway.url}/register`, { method: 'POST', body: 'a', agent })).status, 201)
      }
      const list = await ask(`http://127.0.0.1:${admin?.address.port}/api/deliveries`)
      assert.equal((JSON.parse(list.body) as { deliveries: object[] }).deliveries.length, 6)
    })
  })
}
