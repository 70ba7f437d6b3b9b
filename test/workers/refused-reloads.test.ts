import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { type ConfigInput, configSchema } from '../../src/config/schema.ts'
import { adminUrl } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { atEnd } from '../kit/cleanup.ts'
import { activeResources, upstreamOf } from '../kit/gateway.ts'
import { HeldClock } from '../kit/held-clock.ts'
import { told } from '../kit/told.ts'
import { until } from '../kit/until.ts'
import { openWorkers } from './kit.ts'

/** Changes in a refused configuration that are no reason to refuse it. */
const changes = {
  routes: { routes: [{ match: 'GET /other', forward: { upstream: 'other' } }] },
  broadcast: { routes: [{ match: 'POST /other', broadcast: { upstream: 'other', respond: 'all' } }] },
  balance: { upstreams: { work: { targets: ['http://127.0.0.1:9'], balance: 'least-requests' } } },
  health: { upstreams: { work: { targets: ['http://127.0.0.1:9'], health: { path: '/', interval: '1h' } } } },
  key: { callbacks: { key: 'another secret of the tests, long enough' } },
  keyFile: { callbacks: { keyFile: './other.key' } },
  traces: { telemetry: { traces: { url: 'http://127.0.0.1:9/v1/traces' } } },
  log: { telemetry: { log: { access: true, redact: { headers: ['x-secret'] } } } },
  buckets: { metrics: { buckets: ['10ms', '1s'] } },
  memory: { memory: { held: '1MiB' } },
  retention: { store: { path: 'a.db', retention: '1h' } },
  noAdmin: { admin: undefined },
} satisfies Record<string, ConfigInput>

interface Taken {
  readonly port: number
}

/** The part at which it is refused, in the order in which they are prepared. */
const refusals = {
  workers: () => ({ workers: 3 }),
  admin: ({ port }: Taken) => ({ admin: { port } }),
  store: () => ({ store: { path: 'b.db' } }),
  keyFile: () => ({ callbacks: { keyFile: './a-folder' }, routes: [{ match: '/w', callback: { upstream: 'other' } }] }),
  front: ({ port }: Taken) => ({ listen: { port } }),
} satisfies Record<string, (taken: Taken) => ConfigInput>

/** Measured by the system, whatever the clock says. */
const measured = new Set(['process'])

const named = <K extends string>(names: Readonly<Record<K, unknown>>) => Object.keys(names) as K[]

async function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-refused-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'a-folder'))
  const clock = new HeldClock()
  const { scene, gateway } = await openWorkers(
    t,
    async (scene) => {
      const target = await scene.target(({ socket }, response) => {
        // An idle connection that closes meanwhile would look like a change.
        if ('server' in socket && socket.server instanceof Server) socket.server.keepAliveTimeout = 60_000
        response.writeHead(201).end()
      })
      return {
        workers: 1,
        upstreams: {
          work: { ...upstreamOf(target)['work'], balance: 'peak-ewma' } as NonNullable<
            ConfigInput['upstreams']
          >[string],
          slow: { targets: [(await scene.target((_message, response) => response.writeHead(202).end())).url] },
        },
        routes: [
          { match: 'GET /*', forward: { upstream: 'work' }, concurrency: { limit: 3 } },
          { match: 'POST /register', broadcast: { upstream: 'work' } },
          { match: 'POST /wait', callback: { upstream: 'slow' } },
        ],
        callbacks: { keyFile: './first.key' },
        store: { path: 'a.db' },
      }
    },
    { folder, clock },
  )
  return { scene, folder, gateway, clock }
}

describe('reloads that a part rejects', () => {
  it('change nothing that operators see, whatever is asked for and whichever part it is', async (t) => {
    const { scene, folder, gateway, clock } = await opened(t)
    const { gateway: inner, url } = gateway
    const taken = await scene.target((_message, response) => response.end())
    const other = { other: { targets: ['http://127.0.0.1:9'] } }
    for (const path of ['/a', '/b']) await ask(url + path)
    assert.equal((await ask(`${url}/register`, { method: 'POST', body: 'a' })).status, 201)
    const { headers } = await ask(`${url}/wait`, { method: 'POST', body: 'a', headers: { prefer: 'respond-async' } })
    const open = activeResources().length
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...named(refusals)),
        fc.uniqueArray(fc.constantFrom(...named(changes)), { maxLength: 4 }),
        async (refusal, asked) => {
          const base: ConfigInput = { admin: { port: 0 }, listen: { port: 0 }, store: { path: 'a.db' } }
          const input = Object.assign({}, base, ...asked.map((name) => changes[name]), refusals[refusal](taken))
          const config = configSchema.parse({ ...input, upstreams: { ...input.upstreams, ...other } })
          // No second ends meanwhile, so that its figures can be compared too.
          await clock.hold(async () => {
            const before = await told(inner, measured)
            const refused = await inner.reload(config)
            assert.equal(refused.ok, false)
            assert.deepEqual(await told(inner, measured), before)
          })
          assert.equal((await ask(`${url}/after`)).status, 201)
        },
      ),
      { numRuns: 25 },
    )
    await until('no timer or socket is left of them', () => activeResources().length <= open)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.db')),
      ['a.db'],
    )
    assert.equal((await ask(url + String(headers.location))).status, 202, 'tickets are still signed by the first key')
  })

  it('neither send nor give up the writes of an earlier run', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-refused-'))
    atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
    let taken = 0
    let isDown = true
    const upstreams: ConfigInput['upstreams'] = {}
    const write = (match: string) => ({ match, broadcast: { upstream: 'work', respond: 'accepted' } }) as const
    const first = await openWorkers(
      t,
      async (scene) => {
        const target = await scene.target((_message, response) => {
          taken++
          response.writeHead(isDown ? 500 : 201).end()
        })
        Object.assign(upstreams, upstreamOf(target))
        return { workers: 1, upstreams, routes: [write('POST /a')], store: { path: 'a.db' } }
      },
      { folder },
    )
    assert.equal((await ask(`${first.gateway.url}/a`, { method: 'POST', body: 'a' })).status, 202)
    await first.gateway.gateway.close()
    isDown = false
    taken = 0
    const { scene } = first
    const config = { upstreams, admin: { port: 0 }, store: { path: 'a.db' } }
    const { gateway } = await scene.gateway(config, { folder })
    const reload = (changed: ConfigInput) => gateway.reload(configSchema.parse({ ...config, ...changed }))
    const port = (await scene.target((_message, response) => response.end())).port
    for (const match of ['POST /a', 'POST /b']) {
      assert.equal((await reload({ routes: [write(match)], listen: { port } })).ok, false)
    }
    assert.equal(taken, 0)
    assert.deepEqual(await reload({ routes: [write('POST /a')], listen: { port: 0 } }), { ok: true })
    await until('it is delivered', () => taken === 1)
  })

  it('leave no layout of counts to workers that start afterwards', async (t) => {
    const { scene, gateway, threads, reload } = await openWorkers(t, async (scene) => ({
      upstreams: upstreamOf(await scene.target((_message, response) => response.end('a'))),
      routes: [{ match: 'GET /*', forward: { upstream: 'work' } }],
    }))
    const { port } = await scene.target((_message, response) => response.end())
    const routes = ['GET /a', 'GET /b'].map((match) => ({ match, forward: { upstream: 'work' } }))
    assert.equal((await reload({ routes, listen: { port } })).ok, false)
    const isServing = async () => (await ask(gateway.url).catch(() => undefined))?.status === 200
    for (const thread of threads.slice(0, 2)) await thread.terminate()
    await until('other workers serve', async () => threads.length === 4 && (await isServing()))
    for (let i = 0; i < 3; i++) assert.equal((await ask(gateway.url)).status, 200)
    const counted = async () => {
      const { body } = await ask(`${adminUrl(gateway.gateway)}/metrics`)
      return Number(/^hedgerow_calls_total\{[^}]*route="GET \/\*"[^}]*\} (\d+)/m.exec(body)?.[1])
    }
    await until('their calls are counted', async () => (await counted()) >= 4)
  })
})
