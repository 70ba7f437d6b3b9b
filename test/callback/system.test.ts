import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { loadConfig } from '../../src/config/load.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { ask, problemOf } from '../kit/ask.ts'
import { startBackend } from '../kit/backend.ts'
import { post, ticketOf } from '../kit/calling-back.ts'
import { atEnd } from '../kit/cleanup.ts'
import { root } from '../kit/command.ts'
import { assertBetween, deadPort } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

/** The synchronous service over an asynchronous backend; texts and statuses come from `examples/callback.yaml`. */

async function opened(t: TestContext, isDown = false) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-system-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const requests: string[] = []
  const port = await deadPort()
  const backend = isDown
    ? undefined
    : await startBackend({
        profile: readyProfiles.async({ repeatEveryMs: 200 }),
        port: 0,
        onRequest: ({ path, query }) => requests.push(`${path}?${query}`),
      })
  atEnd(t, () => backend?.close())
  const result = await loadConfig(join(root, 'examples/callback.yaml'), {
    PORT: String(port),
    ADMIN_PORT: String(await deadPort()),
    ASYNC_PORT: String(backend?.port ?? (await deadPort())),
    STORE: join(folder, 'test.db'),
    KEY_FILE: join(folder, 'test.key'),
  })
  assert.ok(result.ok, JSON.stringify(result))
  const reportBug = (fault: unknown): void => assert.fail(String(fault))
  const gateway = await startGateway(result.config, { clock: systemClock(), random: systemRandom, reportBug })
  atEnd(t, () => gateway.close())
  return { url: `http://127.0.0.1:${port}`, backend, requests }
}

const result =
  /^\{"timestamp": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", "response": "dummy data for request [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}$/

describe('a synchronous service over an asynchronous backend', { concurrency: true }, () => {
  it('answers with the result once it is available', async (t) => {
    const { url } = await opened(t)
    for (const [query, leastMs] of [
      ['', 0],
      ['?delay=0', 0],
      ['?delay=0.5', 495],
    ] as const) {
      const answer = await ask(`${url}/service/method${query}`)
      assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json'])
      assert.match(answer.body, result)
      assertBetween(answer.ms, leastMs, leastMs + 1500, 'ms')
    }
  })

  it('passes on any arguments, including repeated and encoded ones', async (t) => {
    const { url, requests } = await opened(t)
    const query = '?delay=0&a=1&a=2&b=%2f%20+&c&d=%C3%A9'
    assert.equal((await ask(`${url}/service/method${query}`)).status, 200)
    assert.deepEqual(requests, [`/backend-service/method${query}`])
  })

  it('answers 503 after 5 s; the late callback gets a 2xx and its result is at the ticket', async (t) => {
    const { url, backend } = await opened(t)
    const answer = await ask(`${url}/service/method?delay=5.5`)
    assert.equal(answer.status, 503)
    assert.equal(problemOf(answer).detail, 'Response took longer than 5 sec, cancelled. Please try again later.')
    assertBetween(answer.ms, 4990, 5400, 'ms')
    await until('it is acknowledged', () => backend?.stats().callbacks.acknowledged === 1)
    assert.equal(backend?.stats().callbacks.posted, 1)
    const late = await ask(url + ticketOf(answer))
    assert.equal(late.status, 200)
    assert.match(late.body, result)
  })

  it('answers 503 with the cause if the backend is down', async (t) => {
    const { url } = await opened(t, true)
    const answer = await ask(`${url}/service/method?delay=1`)
    assert.equal(answer.status, 503)
    assert.match(problemOf(answer).detail, /^Backend failed with: .*connection refused/i)
  })

  it('answers 502 with the text of the backend if that is an error', async (t) => {
    const { url, backend } = await opened(t)
    const answer = await ask(`${url}/service/method?delay=xyz`)
    assert.equal(answer.status, 502)
    assert.equal(problemOf(answer).detail, 'Backend failed with: Delay is not a number')
    const plain = await ask(`${url}/service/method?delay=xyz`, { headers: { accept: 'text/plain' } })
    assert.equal(plain.body, 'Backend failed with: Delay is not a number\n')
    assert.equal(backend?.stats().callbacks.posted, 0)
  })

  it('answers 503 if the backend hangs up, and still accepts its callback', async (t) => {
    const { url, backend } = await opened(t)
    await backend?.patch({ endpoints: { 'GET /backend-service/method': { faults: { resetBeforeHead: 1 } } } })
    const answer = await ask(`${url}/service/method?delay=0.3`)
    assert.equal(answer.status, 503)
    assert.match(problemOf(answer).detail, /^Backend failed with: /)
    await until('it is acknowledged', () => backend?.stats().callbacks.acknowledged === 1)
  })

  it('accepts callbacks by POST only, and no forged ones', async (t) => {
    const { url } = await opened(t)
    assert.equal((await ask(`${url}/callback.service/method`)).status, 405)
    assert.equal((await post(`${url}/callback.service/method`, '{}')).status, 403)
  })
})
