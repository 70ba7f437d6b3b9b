import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openScene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { watchedGateway } from '../kit/watched-gateway.ts'

/** Longer than the header timeout of these gateways. */
const pauseMs = 900

/** Blocks this thread, and with it the gateway. */
function standStill(): void {
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

describe('after a stall of the gateway', () => {
  it('serves a request that reached its socket in time', async (t) => {
    const { client, seen } = await connected(t)
    client.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\n')
    standStill()
    assert.equal((await client.message()).body, 'served')
    assert.deepEqual(seen, ['GET /a'])
  })

  it('rejects a client that has not sent its whole header', async (t) => {
    const { client, seen } = await connected(t)
    client.send('GET /a HTTP/1.1\r\nHost')
    standStill()
    assert.equal((await client.message()).status, 408)
    assert.deepEqual(seen, [])
  })
})
