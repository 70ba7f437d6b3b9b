import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { adminUrl, askJson } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { atEnd } from '../kit/cleanup.ts'
import { runCommand } from '../kit/command.ts'
import { Scene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

/** Two systems, one answering 400 until it is repaired; the SQLite store; the writes that reach it afterwards. */
async function openSystems(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-replay-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const scene = new Scene()
  atEnd(t, () => scene.close())
  const arrived: string[] = []
  const state = { isMended: false }
  const crm = await scene.target(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (state.isMended) arrived.push(body)
    response.writeHead(state.isMended ? 200 : 400).end()
  })
  const ledger = await scene.target((request, response) => {
    request.resume()
    response.writeHead(200).end()
  })
  const { gateway, url } = await scene.gateway(
    {
      admin: { port: 0 },
      store: { path: 'deliveries.db' },
      upstreams: { systems: { targets: { crm: crm.url, ledger: ledger.url } } },
      routes: [
        { match: 'POST /hooks', broadcast: { upstream: 'systems', order: { by: 'form.payment' }, attempts: 1 } },
        { match: 'POST /other', broadcast: { upstream: 'systems', attempts: 1 } },
      ],
    },
    { folder },
  )
  const admin = adminUrl(gateway)
  const write = async (path: string, body: string): Promise<void> => {
    assert.equal((await ask(url + path, { method: 'POST', body })).status, 200)
  }
  const deadAt = async (path: string): Promise<number> => {
    const { json } = await askJson<{ deliveries: readonly object[] }>(`${admin}/api/deliveries?limit=500&${path}`)
    return json.deliveries.length
  }
  const command = (...args: readonly string[]) => runCommand(t, ['deliveries', ...args, '--admin', admin])
  return { admin, write, deadAt, command, arrived, mend: () => (state.isMended = true) }
}

describe('the dead letters of a repaired target', () => {
  it('arrive in the order of their lane when all are replayed', async (t) => {
    const { write, deadAt, command, arrived, mend } = await openSystems(t)
    const events = Array.from({ length: 50 }, (_, index) => 601 + index)
    for (const event of events) await write('/hooks', `payment=7&event=${event}`)
    await write('/other', 'event=1')
    await until('all are dead at one target', async () => (await deadAt('state=dead&target=crm')) === 51)
    mend()
    const replayed = await command('replay', '--all', '--target', 'crm', '--route', 'POST /hooks')
    assert.equal(replayed.output, 'replayed 50 dead letters of 50 deliveries\n')
    await until('all have arrived', () => arrived.length === 50)
    assert.deepEqual(
      arrived,
      events.map((event) => `payment=7&event=${event}`),
    )
    assert.equal(await deadAt('state=dead'), 1)
    const discarded = await command('discard', '--all')
    assert.equal(discarded.output, 'discarded 1 dead letter of 1 delivery\n')
    assert.equal(await deadAt('state=dead'), 0)
  })

  it('can be replayed over HTTP, where an invalid filter is rejected', async (t) => {
    const { admin, write, deadAt, arrived, mend } = await openSystems(t)
    for (const event of [1, 2, 3]) await write('/hooks', `payment=7&event=${event}`)
    await until('all are dead at one target', async () => (await deadAt('state=dead')) === 3)
    const post = (path: string) => ask(`${admin}/api/deliveries/${path}`, { method: 'POST' })
    const refused = await post('replay?state=pending')
    assert.deepEqual([refused.status, JSON.parse(refused.body)], [400, { detail: 'state is "pending"; allowed: dead' }])
    const none = await post('replay?target=ledger')
    assert.deepEqual(JSON.parse(none.body), { replayed: 0, deliveries: 0 })
    mend()
    const all = await post('replay')
    assert.deepEqual([all.status, JSON.parse(all.body)], [200, { replayed: 3, deliveries: 3 }])
    await until('all have arrived', () => arrived.length === 3)
    assert.deepEqual(
      arrived,
      [1, 2, 3].map((event) => `payment=7&event=${event}`),
    )
  })

  it('are not touched by an operation with an unknown parameter', async (t) => {
    const { admin, write, deadAt } = await openSystems(t)
    await write('/hooks', 'payment=7')
    await write('/other', 'event=1')
    for (const query of ['routes=POST+/other', 'route=POST+/other&limit=1', 'Target=crm']) {
      const { status, body } = await ask(`${admin}/api/deliveries/discard?${query}`, { method: 'POST' })
      assert.equal(status, 400)
      assert.match(body, /allowed: state, target, route/)
    }
    assert.equal(await deadAt('state=dead'), 2)
  })
})
