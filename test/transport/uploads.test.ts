import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, problemOf } from '../kit/ask.ts'
import { assertBetween, deadPort, openScene, openTargets, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

const mebibyte = 1024 * 1024
const forwards = (options = {}) => [{ match: '/*', forward: { upstream: 'work' }, ...options }]

/** A body that is generated as it is read. */
function* pieces(count: number, bytes: number): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(bytes, i)
}

function hashOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

async function hashOfMessage(message: IncomingMessage): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of message) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

describe('uploads through forward', () => {
  for (const form of ['content-length', 'chunked'] as const) {
    it(`pass 32 MiB whole, sent with ${form}`, async (t) => {
      const scene = openScene(t)
      let seen: NodeJS.Dict<string | string[]> = {}
      const target = await scene.target((message, response) => {
        seen = message.headers
        void hashOfMessage(message).then((hash) => response.end(hash))
      })
      const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const headers = form === 'chunked' ? {} : { 'content-length': String(32 * mebibyte) }
      const answer = await ask(`${url}/in`, { method: 'POST', headers, body: Readable.from(pieces(512, 65_536)) })
      assert.equal(answer.status, 200)
      assert.equal(answer.body, hashOf(pieces(512, 65_536)))
      if (form === 'chunked') assert.equal(seen['transfer-encoding'], 'chunked')
      else assert.equal(seen['content-length'], String(32 * mebibyte))
    })
  }

  it('are paused by a target that does not read', async (t) => {
    const scene = openScene(t)
    let stopped: Socket | undefined
    const target = await scene.wireTarget(({ socket }) => {
      stopped = socket.pause()
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    const { socket } = client
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${128 * mebibyte}\r\n\r\n`)
    for (let i = 0; i < 128; i++) socket.write(Buffer.alloc(mebibyte))
    let taken = -1
    for (let before = -2; taken !== before; await sleep(200)) {
      before = taken
      taken = socket.bytesWritten - socket.writableLength
    }
    // The kernel's own buffers, on two connections, hold some MiB.
    assert.ok(taken < 32 * mebibyte, `the gateway took ${taken} bytes for a target that takes none`)
    stopped?.destroy()
    assert.equal((await client.message()).status, 502)
  })

  it('reach the target as they arrive, before they are complete', async (t) => {
    const scene = openScene(t)
    let received = ''
    const target = await scene.target((message, response) => {
      message.on('data', (chunk) => {
        received += chunk
      })
      message.on('end', () => response.end('done'))
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')
    await until('the first chunk is there', () => received === 'first')
    client.send('6\r\nsecond\r\n')
    await until('the second chunk is there', () => received === 'firstsecond')
    client.send('0\r\n\r\n')
    assert.equal((await client.message()).body, 'done')
  })

  for (const kind of ['small', 'larger than the buffers'] as const) {
    const size = kind === 'small' ? 10 : 8 * mebibyte

    it(`get an early 413 from the target while the body (${kind}) is still being sent`, async (t) => {
      const scene = openScene(t)
      const target = await scene.target((_message, response) => {
        response.writeHead(413).end('too large for me')
      })
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const client = await scene.wire(gateway)
      // One byte is withheld: the body never becomes complete.
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size + 1}\r\n\r\n`)
      client.send(Buffer.alloc(size))
      const answer = await client.message()
      assert.deepEqual([answer.status, answer.body], [413, 'too large for me'])
    })

    it(`get an early 413 from a target that stops reading (${kind})`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(async (wire) => {
        await wire.receives('\r\n\r\n')
        wire.socket.pause()
        wire.send('HTTP/1.1 413 Too Large\r\nContent-Length: 16\r\n\r\ntoo large for me')
        await sleep(500)
        wire.socket.destroy()
      })
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const client = await scene.wire(gateway)
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size + 1}\r\n\r\n`)
      client.send(Buffer.alloc(size))
      const answer = await client.message()
      assert.deepEqual([answer.status, answer.body], [413, 'too large for me'])
    })

    it(`get a 502 with its reason from a target that refuses connections (${kind})`, async (t) => {
      const scene = openScene(t)
      const gateway = await scene.gateway({
        upstreams: { work: { targets: { dead: `http://127.0.0.1:${await deadPort()}` } } },
        routes: forwards(),
      })
      const client = await scene.wire(gateway)
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
      client.send(Buffer.alloc(size))
      const answer = await client.message()
      assert.equal(answer.status, 502)
      assert.equal(problemOf(answer).code, 'UPSTREAM_REFUSED')
    })

    it(`get a 502 from a target that resets during the upload (${kind})`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(async (wire) => {
        await wire.receives('\r\n\r\n')
        wire.socket.resetAndDestroy()
      })
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const client = await scene.wire(gateway)
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size + 1}\r\n\r\n`)
      client.send(Buffer.alloc(size))
      const answer = await client.message()
      assert.equal(answer.status, 502)
      assert.equal(problemOf(answer).code, 'UPSTREAM_RESET')
    })
  }

  it('get a 504 when the deadline expires while the client is still sending', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message) => void message.resume())
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards({ deadline: '200ms' }) })
    const client = await scene.wire(gateway)
    const startedMs = performance.now()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome')
    const answer = await client.message()
    assert.equal(answer.status, 504)
    assert.equal(problemOf(answer).code, 'DEADLINE')
    assertBetween(performance.now() - startedMs, 195, 450, 'ms')
    await client.closed()
  })

  it('end at the target as soon as their client hangs up during the body', async (t) => {
    const scene = openScene(t)
    let aborted = 0
    const target = await scene.target((message) => {
      message.resume()
      message.on('error', () => aborted++)
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (let i = 0; i < 5; i++) {
      const client = await scene.wire(gateway)
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome')
      await until('it is under way', async () => (await openTargets(gateway.gateway)).open === 1)
      client.destroy()
      await until('the target sees it go', () => aborted === i + 1)
      await until('its socket is closed', async () => (await openTargets(gateway.gateway)).open === 0)
    }
  })

  it('pass with any method, or with an empty body', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk) => chunks.push(chunk))
      message.on('end', () => {
        response.end(`${message.method} ${Buffer.concat(chunks).toString()}`)
      })
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY']) {
      client.send(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`)
      assert.equal((await client.message()).body, `${method} abc`)
      client.send(`${method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`)
      assert.equal((await client.message()).body, `${method} abc`)
      client.send(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)
      assert.equal((await client.message()).body, `${method} `)
      client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
      assert.equal((await client.message()).body, `${method} `)
    }
  })
})

describe('a buffered body', () => {
  const held = { match: 'POST /in', forward: { upstream: 'work', bodyLimit: '64KiB', retry: { attempts: 3 } } } as const

  it('is sent whole with each try', async (t) => {
    const scene = openScene(t)
    const bodies: string[] = []
    const target = await scene.target((message, response) => {
      let body = ''
      message.on('data', (chunk) => {
        body += chunk
      })
      message.on('end', () => {
        bodies.push(`${message.headers['content-length']} ${body}`)
        response.writeHead(bodies.length < 3 ? 503 : 200).end(`answer ${bodies.length}`)
      })
    })
    const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: [held] })
    const options = { method: 'POST', headers: { 'idempotency-key': 'k' }, body: Readable.from(['once ', 'more']) }
    const answer = await ask(`${url}/in`, options)
    assert.deepEqual([answer.status, answer.body], [200, 'answer 3'])
    assert.deepEqual(bodies, ['9 once more', '9 once more', '9 once more'])
  })

  it('is rejected by its declared length before a byte is read', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend({ endpoints: {} })
    const gateway = await scene.gateway({ upstreams: upstreamOf(backend), routes: [held] })
    const client = await scene.wire(gateway)
    client.send('POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n')
    const answer = await client.message()
    assert.equal(answer.status, 413)
    assert.equal(problemOf(answer).code, 'BODY_TOO_LARGE')
    assert.match(problemOf(answer).detail, /65537 bytes; allowed: up to 65536 bytes/)
    await client.closed()
    assert.equal(backend.stats().requests, 0)
  })

  it('is rejected as soon as its chunks exceed the limit, and the client still reads its 413', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend({ endpoints: {} })
    const gateway = await scene.gateway({ upstreams: upstreamOf(backend), routes: [held] })
    for (let i = 0; i < 10; i++) {
      const client = await scene.wire(gateway)
      client.send('POST /in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
      const chunk = Buffer.alloc(mebibyte)
      // Like a client that reads the answer only after it has sent everything.
      for (let sent = 0; sent < 8; sent++) {
        client.send('100000\r\n')
        client.send(chunk)
        client.send('\r\n')
      }
      const answer = await client.message()
      assert.equal(answer.status, 413)
      assert.equal(problemOf(answer).code, 'BODY_TOO_LARGE')
    }
    assert.equal(backend.stats().requests, 0)
  })

  it('is read and discarded if it is small, and the connection serves the next request', async (t) => {
    const scene = openScene(t)
    const client = await scene.wire(await scene.gateway({ routes: [], index: false }))
    for (const pause of [0, 50]) {
      client.send('POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n')
      if (pause > 0) {
        assert.equal((await client.message()).status, 404)
        await sleep(pause)
      }
      client.send('body')
      if (pause === 0) assert.equal((await client.message()).status, 404)
    }
    client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
    const answer = await client.message()
    assert.deepEqual([answer.status, answer.headers.get('connection')], [404, ['keep-alive']])
  })

  it('has its connection closed if it is small but never arrives', async (t) => {
    const scene = openScene(t)
    const client = await scene.wire(await scene.gateway({ routes: [] }))
    client.send('POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo')
    assert.equal((await client.message()).status, 404)
    await client.closed(2000)
  })

  for (const [kind, fields] of [
    ['large', 'Content-Length: 65537'],
    ['of unknown length', 'Transfer-Encoding: chunked'],
    ['held back', 'Content-Length: 4\r\nExpect: 100-continue'],
  ] as const) {
    it(`gets an answer with Connection: close if it is ${kind}`, async (t) => {
      const scene = openScene(t)
      const client = await scene.wire(await scene.gateway({ routes: [] }))
      client.send(`POST /nowhere HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`)
      const answer = await client.message()
      assert.deepEqual([answer.status, answer.headers.get('connection')], [404, ['close']])
      await client.closed()
    })
  }

  it('is not needed for a 404, which the client still reads during its upload', async (t) => {
    const scene = openScene(t)
    const gateway = await scene.gateway({ routes: [] })
    for (let i = 0; i < 10; i++) {
      const client = await scene.wire(gateway)
      client.send(`POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: ${8 * mebibyte}\r\n\r\n`)
      client.send(Buffer.alloc(8 * mebibyte))
      const answer = await client.message()
      assert.equal(answer.status, 404)
      assert.equal(problemOf(answer).code, 'NO_ROUTE')
    }
  })
})
