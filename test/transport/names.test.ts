import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { isHeld } from '../../src/core/body.ts'
import { targetRequest } from '../../src/core/request.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { httpClient } from '../../src/transport/client/http-client.ts'
import { callOf, requestOf, responseOf, targetOf } from '../kit/calls.ts'

const clock = systemClock()

/** Servers at several local addresses with one port; each answers with its address. */
async function servers(t: TestContext, addresses: readonly string[]): Promise<number> {
  let port = 0
  for (const address of addresses) {
    const server: Server = createServer((_, response) => response.end(address))
    await new Promise<void>((resolve) => server.listen(port, address, resolve))
    port = (server.address() as AddressInfo).port
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
  }
  return port
}

async function opened(t: TestContext, listening: readonly string[], resolves: readonly string[]) {
  const port = await servers(t, listening)
  let now = resolves
  const resolve = async (): Promise<readonly LookupAddress[]> => {
    if (now.length === 0) throw Object.assign(new Error('none'), { code: 'ENOTFOUND' })
    return now.map((address) => ({ address, family: 4 }))
  }
  const connections = { connectTimeoutMs: 2000, keepAliveMs: 4000, resolveEveryMs: 0, resolve }
  const client = httpClient({ clock, connections })
  t.after(() => client.destroy())
  const ask = async (): Promise<string> => {
    const { call } = callOf(clock)
    const attempt = call.begin({ ...targetOf('a'), origin: `http://work.internal:${port}`, authority: 'work.internal' })
    const { body } = responseOf(await client.send(targetRequest(requestOf(), attempt), call))
    if (isHeld(body)) return Buffer.from(body ?? []).toString()
    const chunks: Uint8Array[] = []
    return new Promise((whole, fail) => {
      body.pipe({
        write: (chunk) => chunks.push(Buffer.from(chunk)) > 0,
        end: () => whole(Buffer.concat(chunks).toString()),
        fail: (reason) => fail(new Error(reason.detail)),
      })
    })
  }
  const becomes = (next: readonly string[]): void => {
    now = next
  }
  return { client, ask, becomes }
}

/** Long enough for a lookup to finish. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

describe('a target given by name', () => {
  it('has connections to all of its addresses', async (t) => {
    const all = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
    const { ask } = await opened(t, all, all)
    const answers = await Promise.all(all.map(() => ask()))
    assert.deepEqual(answers.sort(), all)
  })

  it('falls back to the next address if the first refuses connections', async (t) => {
    const { ask } = await opened(t, ['127.0.0.3'], ['127.0.0.2', '127.0.0.3'])
    assert.deepEqual(await Promise.all([ask(), ask()]), ['127.0.0.3', '127.0.0.3'])
  })

  it('gets no more requests at a removed address, not even on an open connection', async (t) => {
    const { ask, becomes, client } = await opened(t, ['127.0.0.2', '127.0.0.3'], ['127.0.0.2'])
    assert.equal(await ask(), '127.0.0.2')
    becomes(['127.0.0.3'])
    // The first request uses the old addresses and triggers a lookup without waiting for it.
    await ask()
    await soon()
    assert.equal(await ask(), '127.0.0.3')
    assert.equal(client.connections().open, 1)
  })

  it('keeps connections to its current addresses, and its addresses while the name does not resolve', async (t) => {
    const { ask, becomes, client } = await opened(t, ['127.0.0.2'], ['127.0.0.2'])
    for (const next of [['127.0.0.2', '127.0.0.3'], [], ['127.0.0.2']]) {
      becomes(next)
      assert.equal(await ask(), '127.0.0.2')
      await soon()
      assert.equal(await ask(), '127.0.0.2')
      assert.equal(client.connections().open, 1)
    }
  })
})
