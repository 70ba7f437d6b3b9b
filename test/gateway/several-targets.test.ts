import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointInput } from '@hedgerow/backend/profile'
import { ask, problemOf } from '../kit/ask.ts'
import { assertBetween, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'

describe('quorum over three backends', () => {
  const good = (value: unknown): EndpointInput => ({
    body: { json: { value: JSON.stringify(value), at: '{{timestamp}}' } },
  })
  const failing: EndpointInput = { status: { '500': 1 } }
  const hanging: EndpointInput = { faults: { hangAfterAccept: 1 } }

  async function asked(scene: Scene, endpoints: readonly EndpointInput[], options: object = {}) {
    const backends = await Promise.all(
      endpoints.map((one, i) => scene.backend({ endpoints: { 'GET /v': one } }, { name: `number-${i}` })),
    )
    const { url } = await scene.gateway({
      upstreams: upstreamOf(...backends),
      routes: [
        {
          match: 'GET /v',
          deadline: '400ms',
          quorum: { upstream: 'work', of: 3, need: 2, ignore: ['/at'], ...options },
        },
      ],
    })
    const answer = await ask(`${url}/v`)
    return { answer, requests: backends.map((backend) => backend.stats().requests) }
  }

  it('calls each target once, and returns the answer that two of them agree on', async (t) => {
    const { answer, requests } = await asked(openScene(t), [good(1), good(2), good(1)])
    assert.equal(answer.status, 200)
    assert.equal(JSON.parse(answer.body).value, '1')
    assert.deepEqual(requests, [1, 1, 1])
  })

  it('does not wait for the third when two agree', async (t) => {
    const { answer } = await asked(openScene(t), [good(1), hanging, good(1)])
    assert.equal(answer.status, 200)
    assertBetween(answer.ms, 0, 300, 'ms')
  })

  it('fails at once when no two can agree any more', async (t) => {
    const scene = openScene(t)
    for (const endpoints of [
      [good(1), good(2), good(3)],
      [good(1), failing, failing],
      [failing, failing, hanging],
      [failing, failing, failing],
    ]) {
      const { answer } = await asked(scene, endpoints)
      assert.equal(answer.status, 502)
      assert.equal(problemOf(answer).code, 'QUORUM_FAILED')
      assert.equal(problemOf(answer).attempts?.length, 3)
      assertBetween(answer.ms, 0, 300, 'ms')
    }
  })

  it('fails at the deadline while agreement is still possible', async (t) => {
    const { answer } = await asked(openScene(t), [good(1), hanging, hanging])
    assert.deepEqual([answer.status, problemOf(answer).code], [504, 'DEADLINE'])
  })

  it('compares everything that is not ignored: body and status', async (t) => {
    const scene = openScene(t)
    const unlike: EndpointInput = { body: { json: { value: '1', by: '{{name}}' } } }
    const bodies = await asked(scene, [unlike, unlike, unlike])
    assert.equal(problemOf(bodies.answer).code, 'QUORUM_FAILED')
    const ignored = await asked(scene, [unlike, unlike, unlike], { ignore: ['/by'] })
    assert.equal(ignored.answer.status, 200)
    const created: EndpointInput = { ...good(1), status: { '201': 1 } }
    const statuses = await asked(scene, [good(1), created, failing])
    assert.equal(problemOf(statuses.answer).code, 'QUORUM_FAILED')
  })
})

describe('all with named calls', () => {
  async function asked(scene: Scene, orders: EndpointInput, options: object = {}) {
    const users = await scene.backend({ endpoints: { 'GET /users/*': { body: { json: '{{path}}?{{query}}' } } } })
    const shop = await scene.backend({
      endpoints: {
        'GET /orders': orders,
        'GET /greeting': { body: { text: 'hello "you"' } },
        'GET /none': { status: { '204': 1 } },
      },
    })
    const { url } = await scene.gateway({
      upstreams: { users: { targets: { users: users.url } }, shop: { targets: { shop: shop.url } } },
      routes: [
        {
          match: 'GET /page/:id',
          deadline: '400ms',
          all: {
            calls: {
              user: { upstream: 'users', path: '/users/:id' },
              orders: { upstream: 'shop', path: '/orders', success: { json: true } },
              greeting: { upstream: 'shop', path: '/greeting' },
              none: { upstream: 'shop', path: '/none' },
            },
            ...options,
          },
        },
      ],
    })
    return ask(`${url}/page/a%2Fb?q=1`)
  }

  it('merges the answers of several upstreams into one object', async (t) => {
    const answer = await asked(openScene(t), { body: { json: [1, 2] } })
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(answer.body), {
      user: '/users/a%2Fb?q=1',
      orders: [1, 2],
      greeting: 'hello "you"',
      none: null,
    })
  })

  it('fails with one of them, and names its target', async (t) => {
    const answer = await asked(openScene(t), { status: { '500': 1 } })
    assert.equal(answer.status, 502)
    assert.equal(problemOf(answer).detail, 'shop: status 500')
  })

  it('omits failed and late answers if they are tolerated', async (t) => {
    const scene = openScene(t)
    const failed = await asked(scene, { status: { '500': 1 } }, { tolerate: 'failures' })
    assert.deepEqual(Object.keys(JSON.parse(failed.body)), ['user', 'greeting', 'none'])
    const late = await asked(scene, { faults: { hangAfterAccept: 1 } }, { tolerate: 'lateness' })
    assert.equal(late.status, 200)
    assert.deepEqual(Object.keys(JSON.parse(late.body)), ['user', 'greeting', 'none'])
    const waiting = await asked(scene, { faults: { hangAfterAccept: 1 } }, { tolerate: 'failures' })
    assert.equal(waiting.status, 504)
  })
})
