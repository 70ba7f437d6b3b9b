import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { adminUrl } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { deadPort, type Scene, upstreamOf } from '../kit/gateway.ts'
import { told } from '../kit/told.ts'
import { until } from '../kit/until.ts'
import { openWorkers } from './kit.ts'

const other = (change: ConfigInput = {}): ConfigInput => ({
  upstreams: { other: { targets: ['http://127.0.0.1:9'] } },
  routes: [{ match: 'GET /other', forward: { upstream: 'other' }, concurrency: { limit: 7 } }],
  callbacks: { key: 'another secret of the tests, long enough', tickets: { keep: '1s' } },
  telemetry: { log: { access: true } },
  ...change,
})

for (const workers of [1, 2] as const) {
  const config = async (scene: Scene): Promise<ConfigInput> => ({
    workers,
    upstreams: {
      work: {
        ...upstreamOf(
          await scene.target((message, response) => response.writeHead(message.url === '/bad' ? 500 : 201).end()),
        )['work'],
        balance: 'peak-ewma',
      } as NonNullable<ConfigInput['upstreams']>[string],
      slow: { targets: [(await scene.target((_message, response) => response.writeHead(202).end())).url] },
    },
    routes: [
      {
        match: 'GET /*',
        forward: { upstream: 'work' },
        concurrency: { limit: 3 },
        rateLimit: { limit: 1000, per: '1s' },
      },
      { match: 'POST /register', broadcast: { upstream: 'work' } },
      { match: 'POST /wait', callback: { upstream: 'slow' } },
    ],
    callbacks: { key: 'a secret of the tests, long enough for one' },
    store: { path: 'a.db' },
  })

  const refusals: readonly (readonly [string, (taken: number) => ConfigInput | undefined, RegExp])[] = [
    ['with faults', () => undefined, /./],
    ['whose admin port is taken', (port) => other({ admin: { port } }), /taken/],
    ['with another store', () => other({ store: { path: 'b.db' } }), /store\.path/],
    ['whose port is taken', (port) => other({ listen: { port } }), /taken/],
    ['without an admin side, whose port is taken', (port) => other({ admin: undefined, listen: { port } }), /taken/],
    ['with workers that it cannot have', () => other({ workers: workers === 1 ? 2 : 1 }), /restart/],
    // Each of its workers detects that by itself.
    ...(workers === 1
      ? []
      : [['that a worker cannot follow', () => other({ listen: { port: 0 } }), /cannot become 0/] as const]),
  ]

  describe(`a rejected reload of ${workers === 1 ? 'one thread' : 'workers'}`, () => {
    for (const [what, change, expected] of refusals) {
      it(`leaves the admin side unchanged, for a configuration ${what}`, async (t) => {
        const { scene, gateway, reload } = await openWorkers(t, config)
        const { url, gateway: inner } = gateway
        const taken = await scene.target((_message, response) => response.end())
        let { port } = new URL(url)
        if (what === 'that a worker cannot follow') {
          port = String(await deadPort())
          assert.deepEqual(await reload({ listen: { port: Number(port) } }), { ok: true })
        }
        const here = `http://127.0.0.1:${port}`
        for (const path of ['/good', '/bad', '/good']) await ask(here + path)
        assert.equal((await ask(`${here}/register`, { method: 'POST', body: 'a' })).status, 201)
        await ask(`${here}/wait`, { method: 'POST', body: 'a', headers: { prefer: 'respond-async' } })
        const isInHistory = async () =>
          (await ask(`${adminUrl(inner)}/api/overview`)).body.split('"history":')[1]?.includes('POST /wait')
        await until('the calls are in the history', async () => (await isInHistory()) === true, 10_000)
        const before = await told(inner)
        const changed = change(taken.port)
        if (changed === undefined) inner.reloadRefused()
        else {
          const refused = await reload(changed)
          assert.ok(!refused.ok)
          assert.match(refused.errors.join(), expected)
        }
        assert.deepEqual(await told(inner), before)
        await ask(`${here}/good`)
        const calls = /hedgerow_calls_total\{[^}]*route="GET \/\*"[^}]*\} (\d+)/
        const count = async (): Promise<number> =>
          Number(calls.exec((await ask(`${adminUrl(inner)}/metrics`)).body)?.[1])
        await until('the next call is counted too', async () => (await count()) > 0)
      })
    }
  })
}
