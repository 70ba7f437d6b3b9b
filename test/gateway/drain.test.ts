import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask } from '../kit/ask.ts'
import { assertBetween, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'

/** A target that answers on command. */
async function opened(scene: Scene, config: ConfigInput = {}) {
  const waiting: ServerResponse[] = []
  const target = await scene.target((_message, response) => void waiting.push(response))
  const gateway = await scene.gateway({
    upstreams: upstreamOf(target),
    routes: [{ match: '/*', forward: { upstream: 'work' } }],
    admin: { port: 0 },
    ...config,
  })
  return { gateway, target, waiting }
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (refused: boolean): void => {
      socket.destroy()
      resolve(refused)
    }
    socket.on('connect', () => end(false)).on('error', () => end(true))
  })
}

describe('draining', () => {
  it('finishes calls in flight, refuses new connections, and then closes everything', async (t) => {
    const scene = openScene(t)
    const { gateway, target, waiting } = await opened(scene)
    const { gateway: inner, port } = gateway
    const admin = `http://127.0.0.1:${inner.admin?.address.port}`
    assert.equal((await ask(`${admin}/readyz`)).status, 200)
    const calls = [1, 2, 3].map(() => ask(gateway.url))
    await until('all are there', () => waiting.length === 3)
    let drained = false
    const draining = inner.drain().then(() => {
      drained = true
    })
    await until('new connections are refused', () => isRefused(port))
    const ready = await ask(`${admin}/readyz`)
    assert.deepEqual([ready.status, ready.body], [503, 'draining\n'])
    assert.equal((await ask(`${admin}/healthz`)).status, 200)
    await sleep(100)
    assert.equal(drained, false)
    for (const [i, response] of waiting.entries()) response.end(`answer ${i}`)
    const answers = await Promise.all(calls)
    assert.deepEqual(
      answers.map(({ status, headers }) => [status, headers.connection]),
      [
        [200, 'close'],
        [200, 'close'],
        [200, 'close'],
      ],
    )
    await within(1000, 'drained', draining)
    await until('the target is left', () => target.connections() === 0)
    assert.equal(await isRefused(Number(new URL(admin).port)), true)
  })

  it('closes kept connections: idle ones at once, busy ones with their answer', async (t) => {
    const scene = openScene(t)
    const { gateway, waiting } = await opened(scene)
    const idle = await scene.wire(gateway)
    const fresh = await scene.wire(gateway)
    const busy = await scene.wire(gateway)
    idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the first is there', () => waiting.length === 1)
    waiting[0]?.end('first')
    assert.equal((await idle.message()).body, 'first')
    busy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the second is there', () => waiting.length === 2)
    const draining = gateway.gateway.drain()
    await idle.closed(500)
    assert.equal(busy.hasEnded, false)
    waiting[1]?.end('second')
    const answer = await busy.message()
    assert.equal(answer.body, 'second')
    assert.deepEqual(answer.headers.get('connection'), ['close'])
    await busy.closed(500)
    await within(1000, 'drained', draining)
    await fresh.closed(500)
  })

  it('answers the request in flight and closes its connection before the pipelined ones', async (t) => {
    const scene = openScene(t)
    const { gateway, waiting } = await opened(scene)
    const client = await scene.wire(gateway)
    client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the first is there', () => waiting.length === 1)
    const draining = gateway.gateway.drain()
    waiting[0]?.end('first')
    const answer = await client.message()
    assert.deepEqual([answer.body, answer.headers.get('connection')], ['first', ['close']])
    await client.closed(500)
    await within(1000, 'drained', draining)
    assert.equal(waiting.length, 1)
  })

  it('finishes a large answer that a slow client is still reading', async (t) => {
    const scene = openScene(t)
    const { gateway, waiting } = await opened(scene)
    const client = await scene.wire(gateway)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('it is there', () => waiting.length === 1)
    client.socket.pause()
    waiting[0]?.end(Buffer.alloc(24_000_000, 'x'))
    await sleep(50)
    const draining = gateway.gateway.drain()
    await sleep(100)
    client.socket.resume()
    await within(5000, 'drained', draining)
    await client.closed()
    assert.ok(client.bytesReceived > 24_000_000, `${client.bytesReceived} bytes came`)
  })

  it('ends at once if nothing is in flight', async (t) => {
    const scene = openScene(t)
    const { gateway } = await opened(scene)
    await scene.wire(gateway)
    const startedMs = performance.now()
    await gateway.gateway.drain()
    assertBetween(performance.now() - startedMs, 0, 300, 'ms')
  })

  it('closes the remaining connections when its time is up', async (t) => {
    const scene = openScene(t)
    const { gateway, target, waiting } = await opened(scene, { drain: '300ms' })
    const hanging = ask(gateway.url)
    const ends = assert.rejects(hanging, /hang up|ECONNRESET/)
    const client = await scene.wire(gateway)
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    await until('both are there', () => waiting.length === 2)
    const startedMs = performance.now()
    await gateway.gateway.drain()
    assertBetween(performance.now() - startedMs, 295, 800, 'ms')
    await ends
    await client.closed()
    await until('the target is left', () => target.connections() === 0)
  })

  it('may be started twice, and cut short by close', async (t) => {
    const scene = openScene(t)
    const { gateway, waiting } = await opened(scene)
    const call = assert.rejects(ask(gateway.url))
    await until('it is there', () => waiting.length === 1)
    const both = Promise.all([gateway.gateway.drain(), gateway.gateway.drain()])
    await gateway.gateway.close()
    await within(1000, 'drained', both)
    await call
  })
})
