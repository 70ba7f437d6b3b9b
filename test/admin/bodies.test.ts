import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminUrl } from '../kit/admin.ts'
import { openScene } from '../kit/gateway.ts'

const backends = { list: () => [], patch: () => Promise.resolve(undefined) }

async function opened(t: TestContext) {
  const scene = openScene(t)
  const { gateway, faults } = await scene.gateway({ admin: { port: 0 } }, { backends })
  return { wire: await scene.wire({ port: Number(new URL(adminUrl(gateway)).port) }), faults }
}

describe('a request body sent to the admin side', () => {
  it('that breaks off is not logged as a bug of the gateway', async (t) => {
    const { wire, faults } = await opened(t)
    wire.send('PATCH /api/backends/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"a')
    await sleep(50)
    wire.destroy()
    await sleep(50)
    assert.deepEqual(faults, [])
  })

  it('that is too large is refused, and its connection closed', async (t) => {
    const { wire, faults } = await opened(t)
    wire.send(
      `PATCH /api/backends/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(1_500_000)}`,
    )
    const answer = await wire.message()
    assert.deepEqual([answer.status, answer.headers.get('connection')], [400, ['close']])
    assert.match(answer.body, /larger than 1048576 bytes/)
    await wire.closed()
    assert.deepEqual(faults, [])
  })

  it('that is complete leaves the connection open', async (t) => {
    const { wire } = await opened(t)
    for (let i = 0; i < 2; i++) {
      wire.send('PATCH /api/backends/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}')
      assert.equal((await wire.message()).status, 404)
    }
  })
})
