import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import { type OpenTarget, openClients, openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'

/** A target that accepts WebSockets at /socket, and hands each to the test. */
async function socketTarget(
  scene: Scene,
  serve: (socket: WebSocket, request: IncomingMessage) => void,
): Promise<OpenTarget> {
  const server = new WebSocketServer({ noServer: true })
  const target = await scene.target((_message, response) => void response.end('no socket'))
  target.onUpgrade((message, socket, head) => server.handleUpgrade(message, socket, head, (ws) => serve(ws, message)))
  return target
}

async function opened(scene: Scene, target: OpenTarget, options = {}) {
  return scene.gateway({
    upstreams: upstreamOf(target),
    routes: [{ match: 'GET /socket', deadline: '1s', forward: { upstream: 'work' }, ...options }],
  })
}

async function connected(port: number, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket?a=b`, protocols)
  await within(3000, 'the upgrade', once(socket, 'open'))
  return socket
}

async function nextMessage(socket: WebSocket): Promise<{ readonly data: Buffer; readonly isBinary: boolean }> {
  const [data, isBinary] = (await within(3000, 'a message', once(socket, 'message'))) as [Buffer, boolean]
  return { data, isBinary }
}

const upgrade = (path = '/socket'): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

describe('a WebSocket through forward', () => {
  it('carries text and binary frames both ways, and forwards the client address', async (t) => {
    const scene = openScene(t)
    let request: IncomingMessage | undefined
    const target = await socketTarget(scene, (socket, message) => {
      request = message
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    const gateway = await opened(scene, target)
    const socket = await connected(gateway.port, ['chat', 'other'])
    assert.equal(socket.protocol, 'chat')
    assert.equal(request?.url, '/socket?a=b')
    assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(request?.headers.host, `127.0.0.1:${target.port}`)
    socket.send('text with a €')
    const text = await nextMessage(socket)
    assert.deepEqual([text.data.toString(), text.isBinary], ['text with a €', false])
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256))
    socket.send(bytes)
    const echoed = await nextMessage(socket)
    assert.ok(echoed.isBinary && echoed.data.equals(bytes))
    socket.close()
    await within(3000, 'closed', once(socket, 'close'))
  })

  it('carries 32 MiB each way whole', async (t) => {
    const scene = openScene(t)
    const target = await socketTarget(scene, (socket) => {
      socket.on('message', (data) => socket.send(data))
    })
    const gateway = await opened(scene, target)
    const socket = await connected(gateway.port)
    const sent = createHash('sha256')
    const got = createHash('sha256')
    let count = 0
    const all = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        got.update(data)
        if (++count === 32) resolve()
      })
    })
    for (let i = 0; i < 32; i++) {
      const chunk = Buffer.alloc(1024 * 1024, i)
      sent.update(chunk)
      socket.send(chunk)
    }
    await within(10_000, 'all echoes', all)
    assert.equal(got.digest('hex'), sent.digest('hex'))
    socket.close()
    await once(socket, 'close')
  })

  it('carries pings and close codes both ways', async (t) => {
    const scene = openScene(t)
    const closes: unknown[] = []
    const target = await socketTarget(scene, (socket) => {
      socket.on('close', (code, reason) => closes.push([code, reason.toString()]))
      socket.on('message', () => socket.close(4002, 'by the target'))
    })
    const gateway = await opened(scene, target)
    const byClient = await connected(gateway.port)
    byClient.ping('are you there')
    const [pong] = await within(3000, 'a pong', once(byClient, 'pong'))
    assert.equal(String(pong), 'are you there')
    byClient.close(4001, 'by the client')
    await within(3000, 'closed', once(byClient, 'close'))
    assert.deepEqual(closes, [[4001, 'by the client']])
    const byTarget = await connected(gateway.port)
    byTarget.send('close it')
    const [code, reason] = await within(3000, 'closed', once(byTarget, 'close'))
    assert.deepEqual([code, String(reason)], [4002, 'by the target'])
  })

  it('outlives deadline and idleTimeout', async (t) => {
    const scene = openScene(t)
    const target = await socketTarget(scene, (socket) => {
      socket.on('message', (data) => socket.send(data))
    })
    const gateway = await opened(scene, target, { deadline: '100ms', idleTimeout: '100ms' })
    const socket = await connected(gateway.port)
    await sleep(500)
    socket.send('still there')
    assert.equal((await nextMessage(socket)).data.toString(), 'still there')
    socket.close()
    await once(socket, 'close')
  })

  it('keeps bytes that arrive right after either header', async (t) => {
    const scene = openScene(t)
    let early = ''
    const target = await scene.wireTarget(async (wire) => {
      await wire.receives('\r\n\r\n')
      wire.send(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst from target',
      )
      await wire.receives('first from client')
      early = wire.text
      wire.send(', second')
    })
    const gateway = await opened(scene, target)
    const client = await scene.wire(gateway)
    client.send(`${upgrade()}first from client`)
    await client.receives('first from target, second')
    assert.match(early, /\r\n\r\nfirst from client$/)
    client.destroy()
    await until('the target sees it go', () => target.connections() === 0)
  })

  it('is closed at the other end when the client or the target disappears', async (t) => {
    const scene = openScene(t)
    let atTarget: WebSocket | undefined
    const target = await socketTarget(scene, (socket) => {
      atTarget = socket
    })
    const gateway = await opened(scene, target)
    const vanishing = await connected(gateway.port)
    vanishing.terminate()
    await until('the target is rid of it', () => target.connections() === 0)
    await until('the call has ended', async () => (await gateway.gateway.view.inFlight()) === 0)
    const left = await connected(gateway.port)
    const gone = once(left, 'close')
    atTarget?.terminate()
    const [code] = await within(3000, 'the client has its answer', gone)
    assert.equal(code, 1006)
    await until('the call has ended', async () => (await gateway.gateway.view.inFlight()) === 0)
  })

  it('is refused by its target with 401 and its reason', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.send('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 6\r\n\r\nnot you')
    })
    const gateway = await opened(scene, target)
    const client = await scene.wire(gateway)
    client.send(upgrade())
    const answer = await client.message()
    assert.deepEqual([answer.status, answer.body], [401, 'not yo'])
    assert.deepEqual(answer.headers.get('www-authenticate'), ['Basic'])
    await client.closed()
  })

  for (const polite of [true, false]) {
    it(`that was refused leaves no connection, though its client ${polite ? 'closes too' : 'never closes'}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.target((_message, response) => void response.end())
      target.onUpgrade((_message, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'))
      const gateway = await opened(scene, target, { idleTimeout: '300ms' })
      // A client that keeps its side open after the other end has closed.
      const client = await scene.wire(gateway)
      client.socket.allowHalfOpen = !polite
      client.send(upgrade())
      await client.receives('403')
      await client.closed()
      await until(
        'the front is rid of it',
        async () => (await openClients(gateway.gateway)) === 0,
        polite ? 1000 : 5000,
      )
    })
  }

  for (const how of ['hangs up', 'closes its side'] as const) {
    it(`that waits for its target is aborted when its client ${how}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(() => {})
      const gateway = await opened(scene, target, { deadline: '30s' })
      const client = await scene.wire(gateway)
      client.send(upgrade())
      await until('it has reached the target', () => target.connections() === 1)
      await sleep(20)
      if (how === 'hangs up') client.socket.resetAndDestroy()
      else client.socket.end()
      await until('the target sees it go', () => target.connections() === 0)
      await until('the call has ended', async () => (await gateway.gateway.view.inFlight()) === 0)
    })
  }

  it('gets 504 from a target that does not answer, and 502 from one that resets', async (t) => {
    const scene = openScene(t)
    const silent = await scene.wireTarget(() => {})
    const resetting = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.socket.resetAndDestroy()
    })
    for (const [target, status] of [
      [silent, 504],
      [resetting, 502],
    ] as const) {
      const gateway = await opened(scene, target, { deadline: '300ms' })
      const client = await scene.wire(gateway)
      client.send(upgrade())
      assert.equal((await client.message()).status, status)
      await client.closed()
      client.destroy()
      await until('the front is rid of it', async () => (await openClients(gateway.gateway)) === 0)
    }
  })

  it('that the target treats as a plain request gets the plain answer', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(async (wire) => {
      await wire.message()
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain')
    })
    const gateway = await opened(scene, target)
    const client = await scene.wire(gateway)
    client.send(upgrade())
    const answer = await client.message()
    assert.deepEqual([answer.status, answer.body], [200, 'plain'])
  })

  it('gets 404 without a route, and is a plain request if the strategy supports no upgrades', async (t) => {
    const scene = openScene(t)
    let connection: string | undefined
    const target = await scene.target((message, response) => {
      connection = message.headers.upgrade
      response.end('{"plain":1}')
    })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: 'GET /first', first: { upstream: 'work' } }],
    })
    const lost = await scene.wire(gateway)
    lost.send(upgrade('/nowhere'))
    assert.equal((await lost.message()).status, 404)
    const plain = await scene.wire(gateway)
    plain.send(upgrade('/first'))
    assert.equal((await plain.message()).body, '{"plain":1}')
    assert.equal(connection, undefined)
  })

  it('is closed at both ends when the gateway closes', async (t) => {
    const scene = openScene(t)
    const target = await socketTarget(scene, () => {})
    const gateway = await opened(scene, target)
    const socket = await connected(gateway.port)
    const gone = once(socket, 'close')
    await gateway.gateway.close()
    await within(3000, 'the client has its answer', gone)
    await until('the target is rid of it', () => target.connections() === 0)
  })
})

describe('an upgrade to HTTP/2, as offered by curl and others with a plain request', () => {
  it('is declined, and the request is served', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => void response.end(`plain ${message.headers.upgrade}`))
    const gateway = await opened(scene, target)
    const client = await scene.wire(gateway)
    client.send(
      'GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n' +
        'HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    )
    const answer = await client.message()
    assert.equal(answer.status, 200)
    assert.match(answer.body, /^plain/)
  })
})
