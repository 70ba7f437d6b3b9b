import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { UpstreamListView } from '../../src/admin/api.ts'
import { configSchema } from '../../src/config/schema.ts'
import { ask } from '../kit/ask.ts'
import { Scene } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'

const health = { path: '/health', interval: '100ms', jitter: '0ms', timeout: '80ms', unhealthy: 2, healthy: 2 }
const routes = [{ match: 'GET /work', forward: { upstream: 'work' } }]

/** Uses its own connection, so that none is left open. */
function get(url: string): Promise<Response> {
  return fetch(url, { headers: { connection: 'close' } })
}

/** The admin side's view of the targets of an upstream. */
async function toldOf(admin: string, upstream = 'work') {
  const response = await get(`${admin}/api/upstreams`)
  const { upstreams } = (await response.json()) as UpstreamListView
  const found = upstreams.find(({ name }) => name === upstream)
  assert.ok(found)
  return { ...found, by: Object.fromEntries(found.targets.map((target) => [target.name, target])) }
}

function sceneOf(t: TestContext): Scene {
  const scene = new Scene()
  t.after(() => scene.close())
  return scene
}

describe('the health of targets, over the wire', () => {
  it('takes out targets that refuse, hang or answer 500 to its checks, and reports it', async (t) => {
    const scene = sceneOf(t)
    const well = await scene.target((_, response) => response.end('well'))
    const wellToo = await scene.target((_, response) => response.end('well'))
    const wellThree = await scene.target((_, response) => response.end('well'))
    const failing = await scene.target((_, response) => response.writeHead(500).end('sick'))
    const hanging = await scene.target(() => {})
    const refusing = await scene.target((_, response) => response.end('well'))
    await refusing.close()
    const targets = {
      well: well.url,
      wellToo: wellToo.url,
      wellThree: wellThree.url,
      failing: failing.url,
      hanging: hanging.url,
      refusing: refusing.url,
    }
    const lines: string[] = []
    const { url, gateway } = await scene.gateway(
      { admin: { port: 0 }, upstreams: { work: { targets, health } }, routes },
      { log: (text, level) => lines.push(`${level} ${text}`) },
    )
    const admin = `http://127.0.0.1:${gateway.admin?.address.port}`
    await until(
      () => `three are out; told: ${lines.join(', ')}`,
      async () => (await toldOf(admin)).targets.filter(({ available }) => !available).length === 3,
    )
    const { by } = await toldOf(admin)
    assert.deepEqual(by['well']?.available, true)
    assert.deepEqual(by['failing']?.out, [{ why: 'unhealthy' }])
    assert.equal(by['failing']?.lastCheck?.detail, 'status 500')
    assert.match(by['hanging']?.lastCheck?.detail ?? '', /no answer within 80 ms/)
    assert.match(by['refusing']?.lastCheck?.detail ?? '', /refused/i)
    for (let i = 0; i < 12; i++) assert.equal(await (await get(`${url}/work`)).text(), 'well')
    assert.ok(lines.includes('warn target failing of upstream work fails its checks: status 500'), lines.join('\n'))
    const scrape = new Scrape(await (await get(`${admin}/metrics`)).text())
    assert.equal(scrape.sum('hedgerow_target_available'), 3)
    assert.ok(scrape.sum('hedgerow_health_checks_total', { target: 'failing', result: 'bad' }) >= 2)
  })

  it('ejects a target that fails several calls in a row, and rests one that asks for it', async (t) => {
    const scene = sceneOf(t)
    let isSick = true
    const sick = await scene.target((_, response) => response.writeHead(isSick ? 500 : 200).end())
    const busy = await scene.target((_, response) => response.writeHead(429, { 'retry-after': '60' }).end())
    const well = await scene.target((_, response) => response.end())
    const lines: string[] = []
    const targets = { sick: sick.url, busy: busy.url, well: well.url }
    const { url, gateway } = await scene.gateway(
      { admin: { port: 0 }, upstreams: { work: { targets } }, routes },
      { log: (text, level) => lines.push(`${level} ${text}`) },
    )
    const statuses: number[] = []
    for (let i = 0; i < 30; i++) statuses.push((await get(`${url}/work`)).status)
    isSick = false
    const count = (status: number): number => statuses.filter((one) => one === status).length
    assert.deepEqual([count(500), count(429), count(200)], [5, 1, 24])
    const admin = `http://127.0.0.1:${gateway.admin?.address.port}`
    const { by, panicking } = await toldOf(admin)
    assert.deepEqual([by['sick']?.available, by['busy']?.available, panicking], [false, false, false])
    assert.deepEqual([by['sick']?.out[0]?.why, by['busy']?.out[0]?.why], ['ejected', 'resting'])
    const leftMs = Date.parse(by['busy']?.out[0]?.until ?? '') - Date.now()
    assert.ok(leftMs > 50_000 && leftMs <= 60_000, `${leftMs} ms`)
    const scrape = new Scrape(await (await get(`${admin}/metrics`)).text())
    assert.equal(scrape.sum('hedgerow_target_ejections_total', { target: 'sick', reason: 'failures' }), 1)
    assert.equal(scrape.sum('hedgerow_target_ejections_total', { target: 'busy', reason: 'retry_after' }), 1)
    await until(
      () => `both are logged: ${lines.join(', ')}`,
      () => lines.length === 2,
    )
    assert.match(
      lines.join('\n'),
      /warn target sick of upstream work is ejected for \d+s: \d+ attempts in a row failed, last: \w+/,
    )
    assert.match(lines.join('\n'), /warn target busy of upstream work rests for \w+: it sent Retry-After/)
  })

  it('answers 503 with Retry-After while every breaker is open, and sends nothing', async (t) => {
    const scene = sceneOf(t)
    let asked = 0
    const sick = await scene.target((_, response) => {
      asked++
      response.writeHead(500).end()
    })
    const breaker = { minimum: 3, open: '20s' }
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: { work: { targets: { sick: sick.url }, breaker } },
      routes,
    })
    for (let i = 0; i < 3; i++) assert.equal((await get(`${url}/work`)).status, 500)
    const response = await get(`${url}/work`)
    const { code } = (await response.json()) as { readonly code: string }
    assert.deepEqual([response.status, code, response.headers.get('retry-after')], [503, 'BREAKER_OPEN', '20'])
    assert.equal(asked, 3)
    const admin = `http://127.0.0.1:${gateway.admin?.address.port}`
    assert.deepEqual((await toldOf(admin)).by['sick']?.breaker, 'open')
    const scrape = new Scrape(await (await get(`${admin}/metrics`)).text())
    assert.equal(scrape.sum('hedgerow_breaker_state', { state: 'open' }), 1)
    assert.equal(scrape.sum('hedgerow_calls_total', { failure: 'BREAKER_OPEN' }), 1)
  })

  it('does not count a client that hangs up against a target', async (t) => {
    const scene = sceneOf(t)
    let begun = 0
    const slow = await scene.target((_, response) => {
      begun++
      setTimeout(() => response.end(), 300)
    })
    const other = await scene.target((_, response) => response.end())
    const { url, gateway } = await scene.gateway({
      admin: { port: 0 },
      upstreams: { work: { targets: { slow: slow.url, other: other.url } } },
      routes,
    })
    for (let i = 0; i < 16; i++) {
      const leaving = new AbortController()
      const answer = ask(`${url}/work`, { signal: leaving.signal }).catch(() => undefined)
      await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 20))])
      leaving.abort()
      await answer
    }
    assert.equal(begun, 8)
    const { by } = await toldOf(`http://127.0.0.1:${gateway.admin?.address.port}`)
    assert.equal(by['slow']?.available, true)
  })

  it('keeps the state of an unchanged upstream over a reload, with workers too', async (t) => {
    const scene = sceneOf(t)
    const sick = await scene.target((_, response) => response.writeHead(500).end())
    const well = await scene.target((_, response) => response.end('well'))
    const upstreams = { work: { targets: { sick: sick.url, well: well.url } } }
    const config = { admin: { port: 0 }, upstreams, routes, workers: 2 }
    const { url, gateway, port } = await scene.gateway(config)
    const admin = `http://127.0.0.1:${gateway.admin?.address.port}`
    const isOut = async (): Promise<boolean> => (await toldOf(admin)).by['sick']?.available === false
    for (let i = 0; i < 100 && !(await isOut()); i++) await get(`${url}/work`)
    assert.equal(await isOut(), true)
    const next = { ...config, listen: { port }, index: true }
    assert.deepEqual(await gateway.reload(configSchema.parse(next)), { ok: true })
    assert.equal(await isOut(), true)
    for (let i = 0; i < 20; i++) {
      const response = await get(`${url}/work`)
      assert.equal(await response.text(), 'well')
    }
  })
})
