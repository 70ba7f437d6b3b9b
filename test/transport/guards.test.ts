import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { root, runCommand } from '../kit/command.ts'
import { openScene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

const upgrade = (protocol: string): string =>
  `GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`

describe('attacks found in a review', () => {
  it('an upgrade behind an unanswered request is served as a plain request, the last one', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void setTimeout(() => response.end('ok'), 50))
    const { gateway, port } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', forward: { upstream: 'work' } }],
    })
    const client = await scene.wire({ port })
    client.send(`GET /x HTTP/1.1\r\nHost: a\r\n\r\n${upgrade('websocket')}`)
    assert.equal((await client.message()).status, 200)
    const last = await client.message()
    assert.deepEqual([last.status, last.headers.get('connection')], [200, ['close']])
    await client.closed()
    await until('no call is left', async () => (await gateway.view.inFlight()) === 0)
  })

  it('an upgrade to anything but WebSocket is served as a plain request', async (t) => {
    const scene = openScene(t)
    const seen: (string | undefined)[] = []
    const target = await scene.target((message, response) => {
      seen.push(message.headers.upgrade, message.headers['http2-settings'] as string | undefined)
      response.end('plain')
    })
    const { port } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', forward: { upstream: 'work' } }],
    })
    const client = await scene.wire({ port })
    client.send(upgrade('h2c'))
    assert.equal((await client.message()).status, 200)
    assert.deepEqual(seen, [undefined, undefined])
  })

  it('answers to be merged are requested whole and uncompressed, whatever the client accepts', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      const { range, 'if-none-match': ifNoneMatch, 'accept-encoding': encoding } = message.headers
      if (encoding?.includes('gzip') === true) response.setHeader('content-encoding', 'gzip').end(gzipSync('"packed"'))
      else response.end(JSON.stringify([range, ifNoneMatch].filter((field) => field !== undefined)))
    })
    const { url } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: 'GET /all', all: { upstream: 'work', calls: 2 } }],
    })
    const headers = { connection: 'close', 'accept-encoding': 'gzip', range: 'bytes=0-1', 'if-none-match': '"a"' }
    assert.equal(await (await fetch(`${url}/all`, { headers })).text(), '[[],[]]')
  })

  it('a path with dot segments behind ; is rejected, and so is any transfer coding but chunked', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => void response.end('ok'))
    const { port } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/*', forward: { upstream: 'work' } }],
    })
    const client = await scene.wire({ port })
    client.send('GET /api/..;/admin HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await client.message()).status, 400)
    const other = await scene.wire({ port })
    other.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n')
    assert.equal((await other.message()).status, 400)
  })

  it('the gateway survives the reader of its log, and ends at SIGTERM', async (t) => {
    const child = spawn(join(root, 'bin/hedgerow'), ['serve', join(root, 'examples/hedged.yaml')], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    await new Promise<void>((resolve) => child.stderr.once('data', () => resolve()))
    child.stderr.destroy()
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    assert.equal(await ended, 0)
  })

  it('a log file that cannot be opened is reported, with exit code 1', async (t) => {
    const args = ['serve', join(root, 'examples/hedged.yaml'), '--log-file', '/nowhere/at/all.log']
    const { code, errors } = await runCommand(t, args, { PORT: '0' })
    assert.equal(code, 1)
    assert.match(errors, /the log file \/nowhere\/at\/all\.log cannot be opened/)
  })

  it('an admin listener without a token rejects foreign hosts and posts from foreign pages', async (t) => {
    const scene = openScene(t)
    const { gateway } = await scene.gateway({ admin: { port: 0 } })
    const client = await scene.wire({ port: gateway.admin?.address.port ?? 0 })
    client.send('GET /api/deliveries HTTP/1.1\r\nHost: evil.example\r\n\r\n')
    assert.equal((await client.message()).status, 403)
    client.send('GET // HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await client.message()).status, 400)
  })
})
