import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import type { Backend } from '@hedgerow/backend/server'
import { loadConfig } from '../../src/config/load.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { startBackend } from '../kit/backend.ts'
import { root } from '../kit/command.ts'
import { deadPort } from '../kit/gateway.ts'

const folder = join(root, 'examples')

interface Ask {
  readonly does: string
  readonly path: string
  readonly method?: string
  readonly form?: string
  readonly status: number
  readonly body?: unknown
}

const result = /^\{"timestamp": "[^"]+", "response": "dummy data for request [0-9a-f-]{36}"\}$/

const two = [{ time: 250 }, { time: 250 }]
const three = [...two, { time: 250 }]

/** Requests for each example; the backend behind `work` always answers `{"time":250}`. */
const asks: Readonly<Record<string, readonly Ask[]>> = {
  'fan-out.yaml': [
    { does: 'merges two calls', path: '/api/all', status: 200, body: two },
    { does: 'gives the first of two', path: '/api/first?timeout=1000', status: 200, body: { time: 250 } },
    { does: 'merges three calls', path: '/api/tolerant/all', status: 200, body: three },
    { does: 'gives the first good of three', path: '/api/tolerant/first', status: 200, body: { time: 250 } },
    { does: 'gives what is good in time', path: '/api/within-timeout?timeout=1000', status: 200, body: three },
    { does: 'refuses a bad timeout', path: '/api/all?timeout=abc', status: 400 },
  ],
  'hedged.yaml': [
    { does: 'answers in time', path: '/api/smart?timeout=1000', status: 200 },
    { does: 'needs a timeout', path: '/api/smart', status: 400 },
  ],
  'balancer.yaml': [
    { does: 'goes round, first', path: '/login', status: 200, body: 'logged in on server1' },
    { does: 'goes round, second', path: '/login', status: 200, body: 'logged in on server2' },
    { does: 'goes round, third', path: '/login', status: 200, body: 'logged in on server3' },
    { does: 'refuses other methods', path: '/login', method: 'DELETE', status: 405 },
    {
      does: 'registers',
      path: '/register',
      method: 'POST',
      form: 'username=bob',
      status: 201,
      body: /^register on server[123]$/,
    },
    {
      does: 'changes a password',
      path: '/changePassword',
      method: 'POST',
      form: 'username=bob',
      status: 201,
      body: /^password changed on server[123]$/,
    },
    { does: 'refuses to read where one writes', path: '/register', status: 405 },
    { does: 'shows its metrics', path: '/metrics', status: 200, body: /^Total_domains_success_counter_total \d+$/m },
    { does: 'shows its status', path: '/nginx_status', status: 200, body: /^Active connections: \d+ \n/ },
  ],
  'rate-limit.yaml': [
    { does: 'lets in what comes slowly', path: '/api/work', status: 200 },
    { does: 'lets in a first', path: '/api/report', status: 200 },
    { does: 'lets in a second', path: '/api/report', status: 200 },
    { does: 'refuses a third', path: '/api/report', status: 429, body: /"code":"RATE_LIMITED"/ },
  ],
  'concurrency.yaml': [
    { does: 'admits calls while slots are free', path: '/api/fixed', status: 200, body: { time: 250 } },
    { does: 'lets in as many as get through', path: '/api/adaptive', status: 200, body: { time: 250 } },
  ],
  'callback.yaml': [
    { does: 'waits for the callback', path: '/service/method?delay=0.1&a=1&a=%20', status: 200, body: result },
    { does: 'waits for a callback that comes at once', path: '/service/method', status: 200, body: result },
    {
      does: 'tells what the backend says',
      path: '/service/method?delay=xyz',
      status: 502,
      body: /"detail":"Backend failed with: Delay is not a number"/,
    },
    { does: 'takes callbacks by POST alone', path: '/callback.service/method', status: 405 },
    { does: 'takes no forged ones', path: '/callback.service/method', method: 'POST', status: 403 },
  ],
  'demo.yaml': [
    { does: 'lists its routes', path: '/', status: 200 },
    { does: 'forwards', path: '/api/fixed', status: 200, body: { time: 250 } },
    {
      does: 'merges named calls',
      path: '/api/page',
      status: 200,
      body: { work: { time: 250 }, fixed: { time: 250 }, login: 'logged in on server1' },
    },
    { does: 'waits for a callback', path: '/service/method', status: 200, body: result },
    { does: 'has two of three agree', path: '/api/agreed', status: 200, body: { time: 250 } },
  ],
}

describe('every example', () => {
  it('has a request', () => {
    assert.deepEqual(readdirSync(folder).toSorted(), Object.keys(asks).toSorted())
  })
})

for (const [file, list] of Object.entries(asks)) {
  describe(`examples/${file}`, () => {
    let backends: readonly Backend[] = []
    let gateway: Gateway
    const stores = mkdtempSync(join(tmpdir(), 'hedgerow-examples-'))

    before(async () => {
      const fixed = readyProfiles['work-fixed']()
      const accounts = ['server1', 'server2', 'server3'].map((name) =>
        startBackend({ profile: readyProfiles.accounts(), name, port: 0 }),
      )
      const asynchronous = startBackend({ profile: readyProfiles.async(), port: 0 })
      backends = await Promise.all([startBackend({ profile: fixed, port: 0 }), ...accounts, asynchronous])
      const [work, server1, server2, server3, async] = backends.map(({ port }) => String(port))
      const result = await loadConfig(join(folder, file), {
        // Known in advance, as callback URLs contain it.
        PORT: String(await deadPort()),
        ADMIN_PORT: '0',
        STORE: join(stores, file),
        KEY_FILE: join(stores, `${file}.key`),
        ASYNC_PORT: async,
        WORK_PORT: work,
        WORK2_PORT: work,
        WORK_FIXED_PORT: work,
        SERVER1_PORT: server1,
        SERVER2_PORT: server2,
        SERVER3_PORT: server3,
      })
      assert.ok(result.ok, JSON.stringify(result))
      const reportBug = (error: unknown): void => assert.fail(String(error))
      gateway = await startGateway(result.config, { clock: systemClock(), random: systemRandom, reportBug })
    })

    after(async () => {
      await gateway.close()
      await Promise.all(backends.map((backend) => backend.close()))
      rmSync(stores, { recursive: true })
    })

    for (const { does, path, method, form, status, body } of list) {
      it(does, async () => {
        const response = await fetch(`http://127.0.0.1:${gateway.address.port}${path}`, {
          method: method ?? 'GET',
          ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
        })
        const text = await response.text()
        assert.equal(response.status, status, text)
        if (body instanceof RegExp) assert.match(text, body)
        else if (body !== undefined) assert.deepEqual(typeof body === 'string' ? text : JSON.parse(text), body)
      })
    }
  })
}
