import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProfileInput } from '@hedgerow/backend/profile'
import type { UpstreamListView } from '../../src/admin/api.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask } from '../kit/ask.ts'
import { openScene, type Scene } from '../kit/gateway.ts'

const named: ProfileInput = { endpoints: { 'GET /who': { body: { text: '{{name}}' } } } }

type Balance = NonNullable<ConfigInput['upstreams']>[string]['balance']

/** Three backends that return their name, behind a gateway with this balancer. */
async function balanced(scene: Scene, balance: Balance) {
  const backends = await Promise.all(['a', 'b', 'c'].map((name) => scene.backend(named, { name })))
  const { url } = await scene.gateway({
    upstreams: { work: { targets: Object.fromEntries(backends.map(({ name, url: at }) => [name, at])), balance } },
    routes: [{ match: 'GET /who', forward: { upstream: 'work' } }],
  })
  const who = async (count: number, headers: Readonly<Record<string, string>> = {}) => {
    const names: string[] = []
    while (names.length < count) {
      const answers = Array.from({ length: 10 }, () => ask(`${url}/who`, { headers }))
      for (const { body } of await Promise.all(answers)) names.push(body)
    }
    return names
  }
  return { backends, who }
}

describe('balancers over real sockets', () => {
  for (const balance of ['random', 'least-requests', 'peak-ewma', { 'peak-ewma': { decay: '1s' } }] as const) {
    it(`sends to all three with ${JSON.stringify(balance)}`, async (t) => {
      const { who } = await balanced(openScene(t), balance)
      assert.deepEqual([...new Set(await who(60))].sort(), ['a', 'b', 'c'])
    })
  }

  it('avoids a target that is still sending a body, with least-requests', async (t) => {
    const scene = openScene(t)
    const body = Promise.withResolvers<void>()
    const targets = await Promise.all(
      ['a', 'b'].map((name) =>
        scene.target(async ({ url }, response) => {
          response.writeHead(200, { 'x-name': name }).write(name)
          if (url === '/large') await body.promise
          response.end()
        }),
      ),
    )
    const { url } = await scene.gateway({
      upstreams: {
        work: { targets: { a: targets[0]?.url ?? '', b: targets[1]?.url ?? '' }, balance: 'least-requests' },
      },
      routes: [{ match: '/*', forward: { upstream: 'work' } }],
    })
    const large = await fetch(`${url}/large`, { headers: { connection: 'close' } })
    const names = new Set<string>()
    for (let i = 0; i < 10; i++) names.add((await ask(`${url}/small`)).body)
    assert.deepEqual([...names], [large.headers.get('x-name') === 'a' ? 'b' : 'a'])
    body.resolve()
    await large.text()
    for (let i = 0; i < 20; i++) names.add((await ask(`${url}/small`)).body)
    assert.equal(names.size, 2)
  })

  it('keeps a user at one target with consistent-hash, and spreads the users', async (t) => {
    const { who } = await balanced(openScene(t), { 'consistent-hash': { by: 'cookie:user' } })
    const targets = new Set<string | undefined>()
    for (let user = 0; user < 20; user++) {
      const names = new Set(await who(10, { cookie: `theme=dark; user=${user}` }))
      assert.equal(names.size, 1)
      targets.add([...names][0])
    }
    assert.equal(targets.size, 3)
  })

  it('probes the load of the simulated backends, and avoids the slow one', async (t) => {
    const { backends, who } = await balanced(openScene(t), { probing: { path: '/_backend/load' } })
    const latency = { kind: 'fixed', ms: 60 } as const
    await backends[0]?.patch({ endpoints: { 'GET /who': { latency } } })
    const quick = { kind: 'fixed', ms: 2 } as const
    for (const backend of backends.slice(1)) await backend.patch({ endpoints: { 'GET /who': { latency: quick } } })
    await who(30)
    const names = await who(100)
    assert.ok(names.filter((name) => name === 'a').length <= 10, names.join(' '))
  })

  it('falls back to peak EWMA if the backends have no probe page, and probes seldom', async (t) => {
    const { backends, who } = await balanced(openScene(t), { probing: { path: '/no-such-page' } })
    await who(10)
    const asked = () => backends.reduce((sum, backend) => sum + (backend.stats().answers['404'] ?? 0), 0)
    const before = asked()
    assert.deepEqual([...new Set(await who(60))].sort(), ['a', 'b', 'c'])
    // Once a second each; with a probe per pick it would be 180.
    assert.ok(asked() - before <= 30, `${asked() - before}`)
  })
})

describe('/api/upstreams', () => {
  for (const workers of [1, 2] as const) {
    it(`reports the latency that the balancer uses, with workers: ${workers}`, async (t) => {
      const scene = openScene(t)
      const backend = await scene.backend({ endpoints: { 'GET /who': { latency: { kind: 'fixed', ms: 50 } } } })
      const targets = { a: backend.url }
      const { url, gateway } = await scene.gateway({
        workers,
        admin: { port: 0 },
        upstreams: { ewma: { targets, balance: 'peak-ewma' }, turns: { targets } },
        routes: [{ match: 'GET /who', forward: { upstream: 'ewma' } }],
      })
      const shown = async () => {
        const { body } = await ask(`http://127.0.0.1:${gateway.admin?.address.port}/api/upstreams`)
        return (JSON.parse(body) as UpstreamListView).upstreams.map(({ targets: [target] }) => target?.ewmaMs)
      }
      const [begin = 0, none] = await shown()
      assert.ok(begin > 1 && begin <= 30 && none === undefined, `${begin} ${none}`)
      await ask(`${url}/who`)
      const [ewmaMs = 0] = await shown()
      assert.ok(ewmaMs > 45 && ewmaMs < 500, String(ewmaMs))
      assert.match(String(ewmaMs), /^\d+(?:\.\d)?$/)
    })
  }
})
