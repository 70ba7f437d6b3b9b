import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import type { ControlState } from './control.ts'
import type { ProfileInput } from './profile.ts'
import { type Asked, ask, openBackend, until, VirtualClock } from './test-kit.ts'

const profile: ProfileInput = { endpoints: { 'GET /x': { body: { text: 'here' } } } }

async function stateAt(url: string): Promise<ControlState> {
  return JSON.parse((await ask(`${url}/_backend`)).body)
}

function patchAt(url: string, patch: unknown): Promise<Asked> {
  const body = typeof patch === 'string' ? patch : JSON.stringify(patch)
  return ask(`${url}/_backend`, { method: 'PATCH', body })
}

describe('/_backend', () => {
  test('returns name, profile and counts, and does not count itself', async (t) => {
    const backend = await openBackend(t, { name: 'b1', profile })
    await ask(`${backend.url}/x`)
    const state = await stateAt(backend.url)
    assert.deepEqual([state.name, state.url], ['b1', backend.url])
    assert.deepEqual(state.profile.endpoints['GET /x']?.latency, { kind: 'fixed', ms: 0 })
    assert.deepEqual([state.stats.requests, state.stats.answers], [1, { 200: 1 }])
  })

  test('changes the answer to the next request', async (t) => {
    const backend = await openBackend(t, { profile })
    const { status, body } = await patchAt(backend.url, { endpoints: { 'GET /x': { status: { 503: 1 } } } })
    assert.equal(status, 200)
    assert.deepEqual((JSON.parse(body) as ControlState).profile.endpoints['GET /x']?.status, { 503: 1 })
    assert.equal((await ask(`${backend.url}/x`)).status, 503)
  })

  test('refuses a bad patch with the reasons, and changes nothing', async (t) => {
    const backend = await openBackend(t, { profile })
    const { status, body } = await patchAt(backend.url, {
      refuse: true,
      endpoints: { 'GET /x': { faults: { notJson: 3 } } },
    })
    assert.equal(status, 400)
    const reason = 'endpoints["GET /x"].faults.notJson: found 3; allowed: a number from 0 to 1'
    assert.deepEqual(JSON.parse(body), { errors: [reason] })
    assert.equal((await ask(`${backend.url}/x`)).body, 'here')
  })

  for (const [text, what] of [
    ['{', 'is not JSON'],
    ['', 'is not JSON'],
    ['null', 'found null'],
    ['[]', 'found \\[\\]'],
  ] as const) {
    test(`refuses ${JSON.stringify(text)} as a patch`, async (t) => {
      const backend = await openBackend(t, { profile })
      const { status, body } = await patchAt(backend.url, text)
      assert.equal(status, 400)
      assert.match(body, new RegExp(what))
    })
  }

  test('accepts no other method, and is the only path on the control port', async (t) => {
    const backend = await openBackend(t, { profile, control: { port: 0 } })
    const { status, headers } = await ask(`${backend.url}/_backend`, { method: 'DELETE' })
    assert.deepEqual([status, headers.allow], [405, 'GET, PATCH'])
    assert.equal((await ask(`${backend.control?.url}/x`)).status, 404)
  })
})

describe('a backend that refuses', () => {
  test('has no listener and no connection, and returns on the same port', async (t) => {
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const backend = await openBackend(t, { profile, control: { port: 0 } })
    const controlUrl = backend.control?.url as string
    await ask(`${backend.url}/x`, { agent })
    assert.equal(backend.stats().connections, 1)
    assert.equal((await patchAt(controlUrl, { refuse: true })).status, 200)
    assert.equal(backend.stats().connections, 0)
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
    assert.equal((await stateAt(controlUrl)).profile.refuse, true)
    const url = backend.url
    assert.equal((await patchAt(controlUrl, { refuse: false })).status, 200)
    assert.equal((await ask(`${url}/x`)).body, 'here')
  })

  test('cuts off waiting requests', async (t) => {
    const clock = new VirtualClock()
    const latency = { kind: 'fixed', ms: 60_000 } as const
    const backend = await openBackend(t, { clock, profile: { endpoints: { 'GET /x': { latency } } } })
    const asked = assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNRESET' })
    await until('it waits', () => clock.pending === 1)
    await backend.patch({ refuse: true })
    await asked
    const { cut, inFlight } = backend.stats()
    assert.deepEqual({ cut, inFlight, pending: clock.pending }, { cut: 1, inFlight: 0, pending: 0 })
  })

  test('still answers the patch that came on its own port', async (t) => {
    const backend = await openBackend(t, { profile })
    assert.equal((await patchAt(backend.url, { refuse: true })).status, 200)
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
    await until('that connection is gone too', () => backend.stats().connections === 0)
  })

  test('for a limited time returns by itself', async (t) => {
    const clock = new VirtualClock()
    const backend = await openBackend(t, { clock, profile })
    await backend.patch({ refuse: { forMs: 2000 } })
    clock.advance(1999)
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
    clock.advance(1)
    assert.equal(backend.profile().refuse, false)
    assert.equal((await untilAnswered(`${backend.url}/x`)).body, 'here')
    assert.equal(clock.pending, 0)
  })

  test('for a limited time, patched again, forgets the first limit', async (t) => {
    const clock = new VirtualClock()
    const backend = await openBackend(t, { clock, profile })
    await backend.patch({ refuse: { forMs: 2000 } })
    await backend.patch({ refuse: true })
    clock.advance(3000)
    assert.equal(backend.profile().refuse, true)
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
  })

  test('may refuse from the start, and can be closed meanwhile', async (t) => {
    const backend = await openBackend(t, { profile: { ...profile, refuse: { forMs: 60_000 } } })
    assert.ok(backend.port > 0)
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
  })

  test('waits for its port if another process took it', async (t) => {
    const backend = await openBackend(t, { profile })
    await backend.patch({ refuse: true })
    const thief = createServer().listen(backend.port, '127.0.0.1')
    await new Promise((resolve) => thief.once('listening', resolve))
    const back = backend.patch({ refuse: false })
    await new Promise((resolve) => setImmediate(resolve))
    thief.close()
    await back
    assert.equal((await ask(`${backend.url}/x`)).body, 'here')
  })

  test('can be closed while it waits for its port', async (t) => {
    const backend = await openBackend(t, { profile, clock: new VirtualClock() })
    await backend.patch({ refuse: true })
    const thief = createServer().listen(backend.port, '127.0.0.1')
    t.after(() => thief.close())
    await new Promise((resolve) => thief.once('listening', resolve))
    const back = backend.patch({ refuse: false })
    await backend.close()
    await back
  })

  test('ends in the state of the last of many changes', async (t) => {
    const backend = await openBackend(t, { profile })
    const changes = [true, false, true, false, true, false]
    await Promise.all(changes.map((refuse) => backend.patch({ refuse })))
    assert.equal((await ask(`${backend.url}/x`)).body, 'here')
    await Promise.all([...changes, true].map((refuse) => backend.patch({ refuse })))
    await assert.rejects(ask(`${backend.url}/x`), { code: 'ECONNREFUSED' })
  })
})

async function untilAnswered(url: string): Promise<Asked> {
  for (;;) {
    try {
      return await ask(url)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
    }
  }
}
