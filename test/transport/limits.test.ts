import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { problemOf } from '../kit/ask.ts'
import { assertBetween, openClients, openScene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { servesOn, watchedGateway } from '../kit/watched-gateway.ts'
import type { Wire } from '../kit/wire.ts'

const post = 'POST / HTTP/1.1\r\nHost: a\r\n'

describe('a client that exceeds the limit', () => {
  it('on header bytes gets 431', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene, { headerSize: '8KiB' })
    for (const bytes of [
      `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(9000)}\r\n\r\n`,
      `GET /${'b'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(5000)}\r\n`,
    ]) {
      const client = await scene.wire(gateway)
      client.send(bytes)
      const answer = await client.message()
      assert.match(answer.startLine, /^HTTP\/1\.1 (?:431|414) /)
      await client.closed()
    }
    assert.deepEqual(seen, [])
    await servesOn(gateway)
  })

  it('on header bytes without end gets 431 too, and is not read any further', async (t) => {
    const scene = openScene(t)
    const { gateway } = await watchedGateway(scene)
    const client = await scene.wire(gateway)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n')
    for (let i = 0; i < 100 && !client.hasEnded; i++) {
      client.send(`X-${i}: ${'b'.repeat(1000)}\r\n`)
      await sleep(1)
    }
    await client.closed()
    assert.match(client.text, /^HTTP\/1\.1 431 /)
    await servesOn(gateway)
  })

  it('on header fields is rejected', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene, { headerCount: 20 })
    const fields = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: b\r\n`).join('')
    const client = await scene.wire(gateway)
    client.send(`GET /fits HTTP/1.1\r\nHost: a\r\n${fields(19)}\r\n`)
    assert.equal((await client.message()).status, 200)
    client.send(`GET /beyond HTTP/1.1\r\nHost: a\r\n${fields(20)}\r\n`)
    const answer = await client.message()
    assert.match(answer.startLine, /^HTTP\/1\.1 (?:400|431) /)
    assert.match(problemOf(answer).detail, /21 fields; allowed: up to 20/)
    assert.deepEqual(seen, ['GET /fits'])
  })

  it('on header time gets 408', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene, { headerTimeout: '300ms' })
    const slow = await scene.wire(gateway)
    const silent = await scene.wire(gateway)
    const startedMs = performance.now()
    for (const part of ['GET / HT', 'TP/1.1\r\nHo', 'st: a\r\nX']) {
      slow.send(part)
      await sleep(50)
    }
    await slow.closed()
    assert.match(slow.text, /^HTTP\/1\.1 408 /)
    assertBetween(performance.now() - startedMs, 250, 1500, 'ms')
    // A client that never sent anything may be closed without an answer.
    await silent.closed()
    assert.deepEqual(seen, [])
    await servesOn(gateway)
  })

  it('on request time gets 408, or a closed connection', async (t) => {
    const scene = openScene(t)
    const { gateway, seen, target } = await watchedGateway(scene, { headerTimeout: '300ms', requestTimeout: '600ms' })
    const client = await scene.wire(gateway)
    client.send(`${post}Content-Length: 100\r\n\r\nsome`)
    await client.closed()
    assert.deepEqual(seen, [])
    await until('the target is rid of it', () => target.connections() === 0)
    await servesOn(gateway)
  })

  it('on connections has its excess connections closed', async (t) => {
    const scene = openScene(t)
    const { gateway } = await watchedGateway(scene, { maxConnections: 5 })
    const kept: Wire[] = []
    for (let i = 0; i < 5; i++) kept.push(await scene.wire(gateway))
    for (const wire of kept) {
      wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.equal((await wire.message()).body, 'served')
    }
    const beyond = await Promise.all([1, 2, 3].map(() => scene.wire(gateway)))
    for (const wire of beyond) await wire.closed()
    for (const wire of kept) {
      wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.equal((await wire.message()).body, 'served')
    }
    for (const wire of kept) wire.destroy()
    await until('all are gone', async () => (await openClients(gateway.gateway)) === 0)
    await servesOn(gateway)
  })

  it('on idle connections has them closed after keepAlive', async (t) => {
    const scene = openScene(t)
    const { gateway } = await watchedGateway(scene, { keepAlive: '200ms' })
    const client = await scene.wire(gateway)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.message()
    await client.closed()
  })
})

describe('requestTimeout', () => {
  it('may be shorter than headerTimeout', async (t) => {
    const { gateway } = await watchedGateway(openScene(t), { requestTimeout: '5s' })
    await servesOn(gateway)
  })
})
