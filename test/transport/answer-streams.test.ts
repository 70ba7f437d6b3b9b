import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../kit/ask.ts'
import { assertBetween, isQuiet, openClients, openScene, openTargets, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

const mebibyte = 1024 * 1024
const forwards = (options = {}) => [{ match: '/*', forward: { upstream: 'work' }, ...options }]

describe('answer bodies through forward', () => {
  it('arrive whole at a client that reads them (32 MiB)', async (t) => {
    const scene = openScene(t)
    const chunk = Buffer.alloc(65_536, 'abcdefg')
    const hash = createHash('sha256')
    const target = await scene.target((_message, response) => {
      let left = 512
      const more = (): void => {
        while (left > 0) {
          left--
          hash.update(chunk)
          if (!response.write(chunk)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const got = createHash('sha256')
    await ask(url, { onData: (data) => got.update(data) })
    assert.equal(got.digest('hex'), hash.digest('hex'))
  })

  it('are not buffered for a client that does not read: a 200 MiB body stays at the target', async (t) => {
    const scene = openScene(t)
    let written = 0
    const target = await scene.target((_message, response) => {
      response.writeHead(200, { 'content-length': String(200 * mebibyte) })
      const more = (): void => {
        while (written < 200 * mebibyte) {
          written += mebibyte
          if (!response.write(Buffer.alloc(mebibyte))) return void response.once('drain', more)
        }
      }
      more()
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the answer is under way', () => written > 0)
    for (let before = -1; written !== before; await sleep(200)) before = written
    assert.ok(written < 32 * mebibyte, `the gateway took ${written} bytes for a client that takes none`)
    client.destroy()
    await isQuiet(gateway.gateway)
    await until('the target sees it go', () => target.connections() === 0)
  })

  it('resume when a slow client reads again', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void response.end(Buffer.alloc(24 * mebibyte, 'x')))
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    for (let i = 0; i < 5; i++) {
      await sleep(30)
      client.socket.pause()
      await sleep(30)
      client.socket.resume()
    }
    await until('all has come', () => client.bytesReceived > 24 * mebibyte)
  })

  for (const [form, body] of [
    ['streamed', 'forward'],
    ['held', 'all'],
  ] as const) {
    it(`that are ${form} are aborted when the client reads nothing for idleTimeout`, async (t) => {
      const scene = openScene(t)
      const target = await scene.target((_message, response) => void response.end(Buffer.alloc(16 * mebibyte, 'x')))
      const strategy =
        body === 'forward'
          ? { forward: { upstream: 'work' } }
          : { all: { upstream: 'work', calls: 1, maxAnswer: '64MiB' } }
      const gateway = await scene.gateway({
        upstreams: upstreamOf(target),
        routes: [{ match: 'GET /', idleTimeout: '300ms', ...strategy }],
      })
      const client = await scene.wire(gateway)
      client.socket.pause()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until('the call is under way', async () => (await gateway.gateway.view.inFlight()) === 1)
      await until('the call has ended', async () => (await gateway.gateway.view.inFlight()) === 0)
      await until('the connection is closed', async () => (await openClients(gateway.gateway)) === 0)
    })
  }

  it('are aborted when the target is silent within the body for idleTimeout', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void response.write('some'))
    const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards({ idleTimeout: '200ms' }) })
    const startedMs = performance.now()
    await assert.rejects(ask(url), /aborted|hang up|ECONNRESET/)
    assertBetween(performance.now() - startedMs, 190, 1500, 'ms')
  })

  it('may be silent forever if idleTimeout is 0', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => {
      response.write('some')
      setTimeout(() => response.end(' more'), 700)
    })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: forwards({ idleTimeout: '0ms', deadline: '300ms' }),
    })
    assert.equal((await ask(url)).body, 'some more')
  })

  it('deliver events one by one, each before the next is sent', async (t) => {
    const scene = openScene(t)
    let stream: ServerResponse | undefined
    const target = await scene.target((_message, response) => {
      stream = response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    client.send('GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n')
    await client.receives('text/event-stream')
    for (let i = 0; i < 20; i++) {
      stream?.write(`data: event ${i}\n\n`)
      await client.receives(`data: event ${i}\n\n`)
    }
    client.destroy()
    await until('the target sees it go', () => target.connections() === 0)
  })

  it('are aborted at the target when the client hangs up', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void response.write('some'))
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (let i = 0; i < 5; i++) {
      const client = await scene.wire(gateway)
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.receives('some')
      client.destroy()
      await until('the target sees it go', () => target.connections() === 0)
      assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
    }
  })
})
