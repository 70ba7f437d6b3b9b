import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import type { Backend } from '@hedgerow/backend/server'
import { configSchema } from '../../src/config/schema.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { startBackend } from '../kit/backend.ts'
import { runCommand } from '../kit/command.ts'
import { until } from '../kit/until.ts'

interface Written {
  readonly target: string
  readonly body: string
}

interface Scene {
  readonly backends: readonly Backend[]
  readonly written: readonly Written[]
  readonly gateway: Gateway
  readonly url: string
  readonly admin: string
  readonly folder: string
}

const names = ['server1', 'server2', 'server3']

async function openScene(t: TestContext, broadcast: object = {}, deadline = '2s'): Promise<Scene> {
  const written: Written[] = []
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-broadcast-'))
  const backends = await Promise.all(
    names.map((name) =>
      startBackend({
        profile: readyProfiles.accounts(),
        name,
        port: 0,
        control: { port: 0 },
        onRequest: ({ body }) => written.push({ target: name, body: Buffer.from(body).toString() }),
      }),
    ),
  )
  const options = { upstream: 'accounts', backoff: { base: '50ms', max: '200ms', jitter: '5ms' }, ...broadcast }
  const config = configSchema.parse({
    listen: { port: 0 },
    admin: { port: 0, token: 'a-token-of-16-characters' },
    store: { path: 'deliveries.db' },
    telemetry: { log: { redact: { headers: ['x-own'], query: ['mine'] } } },
    upstreams: { accounts: { targets: Object.fromEntries(backends.map(({ name, url }) => [name, url])) } },
    routes: [
      { match: 'POST /register', deadline, broadcast: options, explain: true },
      { match: 'POST /changePassword', deadline, broadcast: options },
    ],
  })
  const faults: unknown[] = []
  const gateway = await startGateway(config, {
    clock: systemClock(),
    random: systemRandom,
    folder,
    reportBug: (fault) => faults.push(fault),
  })
  t.after(async () => {
    await gateway.close()
    await Promise.all(backends.map((backend) => backend.close()))
    rmSync(folder, { recursive: true })
    assert.deepEqual(faults, [])
  })
  const url = `http://127.0.0.1:${gateway.address.port}`
  return { backends, written, gateway, url, admin: `http://127.0.0.1:${gateway.admin?.address.port}`, folder }
}

function write(url: string, path: string, form: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
}

function ask(admin: string, path: string, method = 'GET'): Promise<Response> {
  return fetch(`${admin}${path}`, { method, headers: { authorization: 'Bearer a-token-of-16-characters' } })
}

async function listed(
  admin: string,
  query: string,
): Promise<readonly { id: string; targets: readonly { state: string }[] }[]> {
  const page = (await (await ask(admin, `/api/deliveries?${query}`)).json()) as { deliveries: never }
  return page.deliveries
}

describe('a broadcast write', () => {
  it('reaches every backend, and the client gets the first answer', async (t) => {
    const { url, written } = await openScene(t)
    const answer = await write(url, '/register', 'username=bob')
    assert.equal(answer.status, 201)
    assert.match(await answer.text(), /^register on server[123]$/)
    await until('all have it', () => written.length === 3)
    assert.deepEqual(written.map(({ target }) => target).toSorted(), names)
  })

  it('lists in Server-Timing the attempts that continue without the client', async (t) => {
    const { url, written, backends } = await openScene(t)
    for (const backend of backends.slice(1)) {
      await backend.patch({ endpoints: { 'POST /register': { latency: { kind: 'fixed', ms: 300 } } } })
    }
    const timing = (await write(url, '/register', 'username=bob')).headers.get('server-timing') ?? ''
    assert.deepEqual([timing.split('desc="won"').length, timing.split('desc="open"').length], [2, 3], timing)
    await until('all have it', () => written.length === 3)
  })

  it('reaches a backend once it is up again, in order for each user, while all clients are answered', async (t) => {
    const { url, written, backends } = await openScene(t, { order: { by: 'form.username' } })
    await backends[1]?.patch({ refuse: true })
    const users = Array.from({ length: 100 }, (_, user) => `user-${user}`)
    await Promise.all(
      users.map(async (user) => {
        for (const path of ['/register', '/changePassword']) {
          // A client that waited for the backend that is down would get 202 at the deadline.
          assert.equal((await write(url, path, `username=${user}&path=${path}`)).status, 201)
        }
      }),
    )
    assert.ok(!written.some(({ target }) => target === 'server2'))
    await backends[1]?.patch({ refuse: false })
    await until(
      'the one that was down has all',
      () => written.filter(({ target }) => target === 'server2').length === 200,
    )
    for (const name of names) {
      for (const user of users) {
        const own = written.filter(({ target, body }) => target === name && body.startsWith(`username=${user}&`))
        assert.deepEqual(
          own.map(({ body }) => body.includes('changePassword')),
          [false, true],
        )
      }
    }
  })

  it('is 202 with a Location for its state, if no backend answers in time', async (t) => {
    const { url, backends } = await openScene(t, { attempts: 100 }, '300ms')
    for (const backend of backends) await backend.patch({ refuse: true })
    const answer = await write(url, '/register', 'username=bob')
    assert.equal(answer.status, 202)
    const location = answer.headers.get('location') ?? ''
    const pending = (await (await fetch(url + location)).json()) as {
      state: string
      targets: readonly { attempts: number }[]
    }
    assert.equal(pending.state, 'pending')
    assert.ok(pending.targets.every(({ attempts }) => attempts >= 1))
    for (const backend of backends) await backend.patch({ refuse: false })
    await until('it is delivered', async () => {
      const view = (await (await fetch(url + location)).json()) as { state: string }
      return view.state !== 'pending'
    })
    assert.equal((await fetch(`${url}/_hedgerow/deliveries/nothing-like-it`)).status, 404)
  })

  it('is 502 when every backend has refused it as often as allowed', async (t) => {
    const { url, backends } = await openScene(t, { attempts: 2 })
    for (const backend of backends) await backend.patch({ refuse: true })
    const answer = await write(url, '/register', 'username=bob')
    const problem = (await answer.json()) as { code: string; attempts: readonly { outcome: string }[] }
    assert.equal(answer.status, 502)
    assert.equal(problem.code, 'BROADCAST_FAILED')
    assert.deepEqual(
      problem.attempts.map(({ outcome }) => outcome),
      Array(6).fill('refused'),
    )
  })

  it('is delivered once per Idempotency-Key, which is rejected with another body', async (t) => {
    const { url, written } = await openScene(t)
    const keyed = { 'idempotency-key': 'key-1' }
    const answers = [
      await write(url, '/register', 'username=bob', keyed),
      await write(url, '/register', 'username=bob', keyed),
      await write(url, '/register', 'username=eve', keyed),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 422],
    )
    assert.equal(await answers[0]?.text(), await answers[1]?.text())
    await until('all have it', () => written.length >= 3)
    assert.equal(written.length, 3)
  })
})

describe('the admin listener', () => {
  it('lists, shows, replays and discards dead letters, as does the command line', async (t) => {
    const { url, admin, backends, written } = await openScene(t, { attempts: 1 })
    await backends[2]?.patch({ refuse: true })
    for (const user of ['bob', 'eve']) assert.equal((await write(url, '/register', `username=${user}`)).status, 201)
    await until('two are dead', async () => (await listed(admin, 'state=dead&target=server3')).length === 2)
    const [eve, bob] = await listed(admin, 'state=dead')
    assert.ok(eve !== undefined && bob !== undefined)
    const shown = (await (await ask(admin, `/api/deliveries/${bob.id}`)).json()) as {
      request: { body: string; path: string }
    }
    assert.deepEqual([shown.request.path, shown.request.body], ['/register', 'username=bob'])

    await backends[2]?.patch({ refuse: false })
    const over = ['--admin', admin, '--token', 'a-token-of-16-characters']
    const list = await runCommand(t, ['deliveries', 'list', '--state', 'dead', ...over])
    assert.match(
      list.output,
      new RegExp(`${bob.id}[\\s\\S]*server3 +dead +1 attempt, last: server3: connection refused`),
    )
    const replayed = await runCommand(t, ['deliveries', 'replay', bob.id, ...over])
    assert.equal(replayed.output, 'replayed 1\n')
    await until('it has reached the one that was down', () => written.some(({ target }) => target === 'server3'))
    const discarded = await runCommand(t, ['deliveries', 'discard', eve.id, '--target', 'server3', ...over])
    assert.equal(discarded.output, 'discarded 1\n')
    await until('none is dead', async () => (await listed(admin, 'state=dead')).length === 0)
    assert.equal((await listed(admin, 'state=discarded')).length, 1)
    const again = await runCommand(t, ['deliveries', 'replay', eve.id, ...over])
    assert.deepEqual([again.code, /no leg that is dead/.test(again.errors)], [1, true])
    const show = await runCommand(t, ['deliveries', 'show', 'nothing', ...over])
    assert.deepEqual([show.code, /404/.test(show.errors)], [1, true])
  })

  it('shows the body of a stored delivery, but no secret from its header', async (t) => {
    const { url, admin, backends } = await openScene(t, { attempts: 1 })
    await backends[2]?.patch({ refuse: true })
    const secrets = { authorization: 's3cret', 'x-api-key': 's3cret', 'x-own': 's3cret', 'x-csrf-token': 's3cret' }
    const headers = { ...secrets, referer: 'http://a.test/?token=s3cret', 'x-plain': 'shown' }
    await write(url, '/register?user=bob&apikey=s3cret&mine=s3cret', 'password=in-the-body', headers)
    await until('one is dead', async () => (await listed(admin, 'state=dead')).length === 1)
    const [dead] = await listed(admin, 'state=dead')
    const answer = await (await ask(admin, `/api/deliveries/${dead?.id}`)).text()
    assert.ok(!answer.includes('s3cret'), answer)
    const { request } = JSON.parse(answer) as { request: { query: string; body: string; headers: readonly string[] } }
    assert.equal(request.query, 'user=bob&apikey=***&mine=***')
    assert.equal(request.body, 'password=in-the-body')
    for (const name of Object.keys(secrets)) assert.equal(request.headers[request.headers.indexOf(name) + 1], '***')
    assert.equal(request.headers[request.headers.indexOf('x-plain') + 1], 'shown')
  })

  it('names the allowed filters, and requires its token', async (t) => {
    const { admin } = await openScene(t)
    for (const query of ['state=dad', 'limit=0', 'limit=x', 'before=-1']) {
      const answer = await ask(admin, `/api/deliveries?${query}`)
      assert.equal(answer.status, 400)
      assert.match(await answer.text(), /allowed/)
    }
    assert.equal((await fetch(`${admin}/api/deliveries`)).status, 401)
    assert.equal((await ask(admin, '/api/deliveries', 'DELETE')).status, 405)
  })
})
