import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openScene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { watchedGateway } from '../kit/watched-gateway.ts'

/** Longer than the header timeout of these gateways. */
const pauseMs = 900

/** This thread, and with it the gateway, does nothing else after `act`; its timers come next, and then its sockets. */
async function standStillAfter(act: () => void): Promise<void> {
  await setImmediate()
  act()
  const endMs = performance.now() + pauseMs
  while (performance.now() < endMs);
}

async function connected(t: Parameters<typeof openScene>[0]) {
  const scene = openScene(t)
  const { gateway, seen } = await watchedGateway(scene, { headerTimeout: '300ms' })
  const client = await scene.wire(gateway)
  await until('the gateway has accepted it', async () => (await gateway.gateway.view.connections()).active === 1)
  return { client, seen }
}

describe('after a pause of the gateway', () => {
  it('serves a request that reached its socket in time', async (t) => {
    const { client, seen } = await connected(t)
    await standStillAfter(() => client.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'))
    assert.equal((await client.message()).body, 'served')
    assert.deepEqual(seen, ['GET /a'])
  })

  it('refuses a client that has not sent its whole header', async (t) => {
    const { client, seen } = await connected(t)
    await standStillAfter(() => client.send('GET /a HTTP/1.1\r\nHost'))
    assert.equal((await client.message()).status, 408)
    assert.deepEqual(seen, [])
  })
})
