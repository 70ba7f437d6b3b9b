import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask } from '../kit/ask.ts'
import { type OpenTarget, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'

const MiB = 2 ** 20
const json = Buffer.from(`"${'x'.repeat(MiB)}"`)

async function heldBytes(url: string): Promise<number> {
  return new Scrape((await ask(`${url}/metrics`)).body).sum('hedgerow_held_bytes')
}

function holdsNothing(url: string): Promise<void> {
  return until('nothing is held', async () => (await heldBytes(url)) === 0)
}

function gatewayFor(scene: Scene, target: OpenTarget, held: string, more: Partial<ConfigInput> = {}) {
  return scene.gateway({
    memory: { held },
    metrics: { path: '/metrics' },
    upstreams: upstreamOf(target),
    routes: [
      { match: 'GET /all', all: { upstream: 'work', calls: 4 } },
      { match: 'GET /json', forward: { upstream: 'work', success: { json: true } } },
      { match: 'GET /plain', forward: { upstream: 'work' } },
      { match: 'POST /quorum', quorum: { upstream: 'work', of: 2, need: 2 }, deadline: '500ms' },
      { match: 'GET /retry', forward: { upstream: 'work', success: { json: true }, retry: { attempts: 3 } } },
    ],
    ...more,
  })
}

describe('memory.held', () => {
  it('refuses an answer that does not fit, and does not count it as a failure of the target', async (t) => {
    const scene = openScene(t)
    let asked = 0
    const target = await scene.target((_message, response) => {
      asked++
      response.end(json)
    })
    const { url } = await gatewayFor(scene, target, '2MiB')
    const refused = await ask(`${url}/all`)
    const { code, detail, attempts } = JSON.parse(refused.body)
    assert.deepEqual([refused.status, code, refused.headers['retry-after']], [503, 'OVERLOADED', '1'])
    assert.match(detail, /no memory left to buffer the answer.*memory\.held/)
    // One answer fits, if it is complete before another starts.
    const outcomes = attempts.map(({ outcome }: { outcome: string }) => outcome)
    assert.ok(outcomes.includes('cancelled'), outcomes.join())
    assert.deepEqual(
      outcomes.filter((outcome: string) => outcome !== 'cancelled' && outcome !== 'success'),
      [],
    )
    await holdsNothing(url)
    assert.equal((await ask(`${url}/json`)).status, 200)
    assert.equal((await ask(`${url}/plain`)).body.length, json.length)
    asked = 0
    const { url: tight } = await gatewayFor(scene, target, '64KiB')
    assert.equal((await ask(`${tight}/retry`)).status, 503)
    assert.equal(asked, 1, 'what would end the same way is not tried again')
    assert.equal((await ask(`${tight}/plain`)).status, 200, 'what is streamed is not held')
  })

  it('refuses a request body that does not fit, and counts it as shed', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => response.end('{}'))
    const { url } = await gatewayFor(scene, target, '64KiB')
    const refused = await ask(`${url}/quorum`, { method: 'POST', body: Buffer.alloc(MiB / 2) })
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [503, 'OVERLOADED'])
    assert.match(JSON.parse(refused.body).detail, /no memory left to buffer the request body/)
    assert.ok(refused.headers['retry-after'])
    const scrape = new Scrape((await ask(`${url}/metrics`)).body)
    assert.equal(scrape.sum('hedgerow_calls_shed_total', { reason: 'memory' }), 1)
    assert.equal(scrape.sum('hedgerow_held_limit_bytes'), 64 * 1024)
    await holdsNothing(url)
  })

  it('counts an answer until its client has read it', async (t) => {
    const scene = openScene(t)
    const large = Buffer.from(`"${'x'.repeat(4 * MiB)}"`)
    const target = await scene.target((_message, response) => response.end(large))
    const { url } = await gatewayFor(scene, target, '20MiB')
    const lazy = request(`${url}/all`, { agent: false })
    lazy.on('error', () => {})
    const answered = new Promise((resolve) => lazy.on('response', resolve))
    lazy.end()
    await answered
    assert.ok((await heldBytes(url)) >= 16 * MiB)
    assert.equal((await ask(`${url}/all`)).status, 503)
    lazy.destroy()
    await holdsNothing(url)
    assert.equal((await ask(`${url}/all`)).status, 200)
  })

  for (const workers of [1, 2]) {
    it(`is released however calls end, with ${workers} workers`, async (t) => {
      const scene = openScene(t)
      const target = await scene.target((message, response) => {
        message.resume()
        switch (String(message.headers['x-end'])) {
          case 'reset':
            response.write(json.subarray(0, 300_000), () => response.destroy())
            return
          case 'hang':
            response.write(json.subarray(0, 300_000))
            return
          case 'no JSON':
            response.end('x'.repeat(300_000))
            return
          default:
            response.end(json)
        }
      })
      const { url } = await gatewayFor(scene, target, '64MiB', { workers })
      const calls = ['', 'reset', 'hang', 'no JSON'].flatMap((end) =>
        ['GET /all', 'GET /json', 'GET /retry', 'POST /quorum'].flatMap((route) =>
          [true, false].map(async (isPatient) => {
            const [method = '', path = ''] = route.split(' ')
            const isLong = end === 'hang' || !isPatient
            const signal = AbortSignal.timeout(isLong ? 300 : 10_000)
            const body = method === 'POST' ? Buffer.alloc(200_000) : undefined
            const options = { method, headers: { 'x-end': end }, signal, ...(body !== undefined && { body }) }
            return ask(url + path, options).catch(() => undefined)
          }),
        ),
      )
      await Promise.all(calls)
      await holdsNothing(url)
    })
  }
})
