import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, problemOf } from '../kit/ask.ts'
import { assertBetween, deadPort, openScene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

const failing = { endpoints: { 'GET /api/work': { status: { '500': 1 } } } }

describe('a retry', () => {
  it('tries other targets first, and lists its attempts when none was good', async (t) => {
    const scene = openScene(t)
    const backends = [await scene.backend(failing), await scene.backend(failing), await scene.backend(failing)]
    const { url } = await scene.gateway({
      upstreams: upstreamOf(...backends),
      routes: [
        { match: '/forward', forward: { upstream: 'work', path: '/api/work', retry: { attempts: 3 } }, explain: true },
        { match: '/first', first: { upstream: 'work', path: '/api/work', calls: 1, retry: { attempts: 3 } } },
      ],
    })
    const passed = await ask(`${url}/forward`)
    assert.equal(passed.status, 500)
    assert.match(String(passed.headers['server-timing']), /^a1;.*, a2;.*, a3;dur=\d+;desc="won"$/)
    assert.deepEqual(
      backends.map((backend) => backend.stats().requests),
      [1, 1, 1],
    )
    const judged = await ask(`${url}/first`)
    assert.equal(judged.status, 502)
    const { attempts = [] } = problemOf(judged)
    assert.deepEqual(attempts.map(({ target }) => target).sort(), ['target-1', 'target-2', 'target-3'])
  })

  it('finds the target that works', async (t) => {
    const scene = openScene(t)
    const good = await scene.backend({ endpoints: { 'GET /work': { body: { text: 'good' } } } })
    const { url } = await scene.gateway({
      upstreams: { work: { targets: [`http://127.0.0.1:${await deadPort()}`, good.url] } },
      routes: [{ match: '/work', forward: { upstream: 'work', retry: { attempts: 2 } } }],
    })
    for (let i = 0; i < 6; i++) assert.equal((await ask(`${url}/work`)).body, 'good')
  })

  it('of a POST is made only if no target can have seen it', async (t) => {
    const scene = openScene(t)
    const good = await scene.backend({ endpoints: { 'POST /work': { body: { text: 'good' } } } })
    const bad = await scene.backend({ endpoints: { 'POST /work': { status: { '500': 1 } } } })
    const retried = { match: '/work', forward: { upstream: 'work', retry: { attempts: 3 } } } as const
    const refusing = await scene.gateway({
      upstreams: { work: { targets: [`http://127.0.0.1:${await deadPort()}`, good.url] } },
      routes: [retried],
    })
    for (let i = 0; i < 4; i++) {
      assert.equal((await ask(`${refusing.url}/work`, { method: 'POST', body: 'a' })).body, 'good')
    }
    const erring = await scene.gateway({ upstreams: upstreamOf(bad, bad), routes: [retried] })
    assert.equal((await ask(`${erring.url}/work`, { method: 'POST', body: 'a' })).status, 500)
    assert.equal(bad.stats().requests, 1)
    const headers = { 'idempotency-key': 'k' }
    assert.equal((await ask(`${erring.url}/work`, { method: 'POST', body: 'a', headers })).status, 500)
    assert.equal(bad.stats().requests, 4)
  })

  it('is given up when too many attempts exceed attemptTimeout', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend({ endpoints: { 'GET /work': { faults: { hangAfterAccept: 1 } } } })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [{ match: '/work', forward: { upstream: 'work', attemptTimeout: '100ms', retry: { attempts: 3 } } }],
    })
    const answer = await ask(`${url}/work`)
    assert.equal(answer.status, 504)
    assert.equal(problemOf(answer).code, 'UPSTREAM_TIMEOUT')
    assert.equal(problemOf(answer).attempts?.length, 3)
    assertBetween(answer.ms, 295, 700, 'ms')
    await until('the target saw all of them go', () => backend.stats().aborted === 3)
  })
})
