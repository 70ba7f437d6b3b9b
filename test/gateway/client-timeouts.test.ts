import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask, problemOf } from '../kit/ask.ts'
import { assertBetween, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'

type RouteInput = NonNullable<ConfigInput['routes']>[number]

const failing = { endpoints: { 'GET /api/work': { status: { '500': 1 } } } }
const first = { first: { upstream: 'work', path: '/api/work', calls: 2 } } as const

async function opened(scene: Scene, route: Partial<RouteInput> = {}) {
  const backend = await scene.backend(failing)
  return scene.gateway({
    upstreams: { work: { targets: { 'the-one': backend.url } } },
    routes: [{ match: 'GET /work', ...first, ...route }],
  })
}

describe('a timeout set by the client', () => {
  for (const [query, says] of [
    ['', 'is required'],
    ['?timeout=', 'is ""'],
    ['?timeout=0', 'is "0"'],
    ['?timeout=-5', 'is "-5"'],
    ['?timeout=%2B5', String.raw`is "\+5"`],
    ['?timeout=5.5', 'is "5.5"'],
    ['?timeout=1e3', 'is "1e3"'],
    ['?timeout=0x10', 'is "0x10"'],
    ['?timeout=abc', 'is "abc"'],
    ['?timeout=%2010', 'is " 10"'],
    ['?timeout=10%20', 'is "10 "'],
    ['?timeout=60001', 'is "60001"'],
    ['?timeout=999999999999999999999', 'is "999999999999999999999"'],
    ['?timeout=%D9%A1%D9%A2', 'is "١٢"'],
    ['?timeout=500&timeout=600', 'is given 2 times'],
  ] as const) {
    it(`of "${query}" gets 400 with the parameter, the value and the range`, async (t) => {
      const scene = openScene(t)
      const backend = await scene.backend(failing)
      const { url } = await scene.gateway({
        upstreams: upstreamOf(backend),
        routes: [{ match: 'GET /work', deadline: { from: { query: 'timeout' }, required: true }, ...first }],
      })
      const answer = await ask(`${url}/work${query}`)
      assert.equal(answer.status, 400)
      const { code, detail } = problemOf(answer)
      assert.equal(code, 'BAD_TIMEOUT')
      assert.match(detail, new RegExp(`query parameter "timeout" ${says}.* from 1 to 60000`))
      assert.equal(backend.stats().requests, 0)
    })
  }

  for (const timeout of ['1', '60000', '0500']) {
    it(`of ${timeout} is accepted`, async (t) => {
      const { url } = await opened(openScene(t), { deadline: { from: { query: 'timeout' } } })
      assert.notEqual((await ask(`${url}/work?timeout=${timeout}`)).status, 400)
    })
  }

  it('may be sent in a header instead, within the range of its route', async (t) => {
    const deadline = { from: { header: 'X-Timeout' }, min: '50ms', max: '200ms' } as const
    const scene = openScene(t)
    const backend = await scene.backend({ endpoints: { 'GET /api/work': { faults: { hangAfterAccept: 1 } } } })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [{ match: 'GET /work', deadline, ...first }],
    })
    const good = await ask(`${url}/work`, { headers: { 'x-timeout': '100' } })
    assert.equal(problemOf(good).code, 'DEADLINE')
    assertBetween(good.ms, 95, 350, 'ms')
    for (const value of ['49', '201', 'x', ['100', '100']]) {
      const bad = await ask(`${url}/work`, { headers: { 'x-timeout': value } })
      assert.equal(bad.status, 400, String(value))
      assert.match(problemOf(bad).detail, /header "X-Timeout" .* from 50 to 200/)
    }
  })
})
