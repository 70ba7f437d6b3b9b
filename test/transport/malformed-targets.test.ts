import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, problemOf } from '../kit/ask.ts'
import { isQuiet, openScene, openTargets, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

const forwards = (options = {}) => [{ match: '/*', deadline: '2s', forward: { upstream: 'work', ...options } }]

const fine = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine'

/** Each is a whole answer; the connection stays open behind it unless `closes` is set. */
const malformed: Readonly<Record<string, { readonly bytes: string; readonly closes?: boolean }>> = {
  'a bad status line': { bytes: 'HTTP/1.1 OK 200\r\nContent-Length: 2\r\n\r\nok' },
  'a status of two digits': { bytes: 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok' },
  'a status of four digits': { bytes: 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok' },
  'another protocol': { bytes: 'SSH-2.0-OpenSSH_9.6\r\n' },
  'another version': { bytes: 'HTTP/7.3 200 OK\r\nContent-Length: 2\r\n\r\nok' },
  'a body as HTTP/0.9 has it': { bytes: '<html>hello</html>\n', closes: true },
  'random bytes': { bytes: '\x00\x01\x02\x8f\xff\xfe\r\n\r\n' },
  'a request': { bytes: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' },
  'both Content-Length and Transfer-Encoding': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  },
  'two different Content-Length': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!' },
  'a Content-Length that is no number': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok' },
  'a field name with a blank': { bytes: 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nok' },
  'a field value with NUL': { bytes: 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\nok' },
  'a field value with a bare CR': { bytes: 'HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\nok' },
  'a header that is too large': {
    bytes: `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(40_000)}\r\nContent-Length: 2\r\n\r\nok`,
  },
  'a header without an end': {
    bytes: `HTTP/1.1 200 OK\r\n${'X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n'.repeat(2000)}`,
  },
  '101 to a request that asked for no upgrade': {
    bytes: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes',
  },
}

describe('a malformed answer', () => {
  for (const [name, { bytes, closes }] of Object.entries(malformed)) {
    for (const strategy of ['forward', 'all'] as const) {
      it(`becomes a 502 through ${strategy}, and its connection is not reused: ${name}`, async (t) => {
        const scene = openScene(t)
        const target = await scene.wireTarget(async (wire, number) => {
          await wire.message()
          if (number > 1) return wire.send(fine)
          wire.send(bytes)
          if (closes === true) wire.socket.end()
        })
        const gateway = await scene.gateway({
          upstreams: upstreamOf(target),
          routes: [
            { match: '/', deadline: '2s', [strategy]: { upstream: 'work', ...(strategy === 'all' && { calls: 1 }) } },
          ],
        })
        // POST, because a retry of an idempotent method could hide the failure.
        const answer = await ask(gateway.url, { method: 'POST' })
        assert.equal(answer.status, 502, answer.body)
        assert.match(problemOf(answer).code, /^UPSTREAM_(?:INVALID|RESET)$/)
        if (!/two digits|closes|101/.test(name) && closes !== true)
          assert.equal(problemOf(answer).code, 'UPSTREAM_INVALID')
        await isQuiet(gateway.gateway)
        assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
        const next = await ask(gateway.url, { method: 'POST' })
        assert.match(next.body, /fine/)
        assert.equal(target.connectionsTotal(), 2)
      })
    }
  }
})

const broken: Readonly<Record<string, { readonly bytes: string; readonly closes?: 'end' | 'reset' }>> = {
  'a body shorter than its Content-Length': {
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort',
    closes: 'end',
  },
  'a reset inside a body': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort', closes: 'reset' },
  'chunks without an end': {
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n',
    closes: 'end',
  },
  'a bad chunk size': { bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nxyz\r\n' },
  'a chunk longer than its size': {
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nshort\r\n0\r\n\r\n',
  },
}

describe('an answer with any byte at any position', () => {
  const places: Readonly<Record<string, (byte: string) => string>> = {
    'a field value': (byte) => `HTTP/1.1 200 OK\r\nX-A: b${byte}c\r\nContent-Length: 2\r\n\r\nok`,
    'a field name': (byte) => `HTTP/1.1 200 OK\r\nX-${byte}: b\r\nContent-Length: 2\r\n\r\nok`,
    'its reason': (byte) => `HTTP/1.1 200 O${byte}K\r\nContent-Length: 2\r\n\r\nok`,
    'its status': (byte) => `HTTP/1.1 2${byte}0 OK\r\nContent-Length: 2\r\n\r\nok`,
    'its content type': (byte) => `HTTP/1.1 200 OK\r\nContent-Type: a${byte}\r\nContent-Length: 2\r\n\r\nok`,
    'the value of a trailer': (byte) =>
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: b${byte}c\r\n\r\n`,
    'the name of a trailer': (byte) =>
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-${byte}: b\r\n\r\n`,
  }

  for (const [name, answerOf] of Object.entries(places)) {
    it(`is passed, rejected or aborted, and the gateway survives: ${name}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(async (wire) => {
        const byte = Number((await wire.message()).startLine.split(' ')[1]?.slice(1))
        wire.send(answerOf(String.fromCharCode(byte)))
        await sleep(50)
        wire.socket.end()
      })
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const ends = await Promise.allSettled(
        Array.from({ length: 256 }, async (_, byte) => ({ byte, ...(await ask(`${gateway.url}/${byte}`)) })),
      )
      let passed = 0
      for (const end of ends) {
        if (end.status === 'rejected') continue
        const { byte, status, body } = end.value
        if (body === 'ok') passed++
        else assert.ok([200, 204, 205, 304, 502].includes(status), `byte ${byte}: ${status} ${body}`)
      }
      assert.ok(passed > 0)
      await isQuiet(gateway.gateway)
    })
  }
})

describe('a truncated answer', () => {
  for (const [name, { bytes, closes }] of Object.entries(broken)) {
    it(`is not complete for the client either: ${name}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(async (wire) => {
        await wire.message()
        wire.send(bytes)
        await sleep(20)
        if (closes === 'end') wire.socket.end()
        if (closes === 'reset') wire.socket.resetAndDestroy()
      })
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const client = await scene.wire(gateway)
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until('it is over', () => client.isClosed || client.text.startsWith('HTTP/1.1 502'))
      // Either part of the body without its end, or a clear failure if the client had received nothing yet.
      if (client.text.startsWith('HTTP/1.1 502')) return
      assert.match(client.text, /^HTTP\/1\.1 200 OK/)
      assert.doesNotMatch(client.text, /\r\n0\r\n/)
      await isQuiet(gateway.gateway)
      assert.deepEqual(await openTargets(gateway.gateway), { open: 0, idle: 0 })
    })

    it(`is a 502 if it is buffered: ${name}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(async (wire) => {
        await wire.message()
        wire.send(bytes)
        await sleep(20)
        if (closes === 'end') wire.socket.end()
        if (closes === 'reset') wire.socket.resetAndDestroy()
      })
      const { url } = await scene.gateway({
        upstreams: upstreamOf(target),
        routes: [{ match: '/', deadline: '2s', all: { upstream: 'work', calls: 2 } }],
      })
      const answer = await ask(url)
      assert.equal(answer.status, 502)
      assert.match(problemOf(answer).code, /^UPSTREAM_(?:RESET|INVALID)$/)
    })
  }

  it('beyond maxAnswer is a failure, and the rest is not read', async (t) => {
    const scene = openScene(t)
    let written = 0
    const target = await scene.target((_message, response) => {
      const more = (): void => {
        while (written < 200_000_000) {
          written += 100_000
          if (!response.write(Buffer.alloc(100_000))) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/', all: { upstream: 'work', calls: 1, maxAnswer: '1MiB' } }],
    })
    const answer = await ask(gateway.url)
    assert.equal(answer.status, 502)
    assert.equal(problemOf(answer).code, 'UPSTREAM_INVALID')
    assert.match(problemOf(answer).detail, /larger than 1048576 bytes/)
    await until('the target is rid of it', () => target.connections() === 0)
    assert.ok(written < 32_000_000, `${written} bytes were read`)
  })
})

describe('bytes after an answer', () => {
  const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'

  for (const [name, delayMs] of [
    ['in the same packet', 0],
    ['a moment later', 20],
  ] as const) {
    for (const method of ['GET', 'POST'] as const) {
      it(`do not become the answer to the next ${method} when they arrive ${name}`, async (t) => {
        const scene = openScene(t)
        const target = await scene.wireTarget(async (wire) => {
          for (;;) {
            await wire.message()
            if (delayMs === 0) wire.send(fine + poison)
            else {
              wire.send(fine)
              await sleep(delayMs)
              wire.send(poison)
            }
          }
        })
        const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
        for (let i = 0; i < 10; i++) {
          const answer = await ask(gateway.url, { method })
          assert.deepEqual([answer.status, answer.body], [200, 'fine'])
          // Bytes that arrive once the next request is on its way are indistinguishable from its answer.
          await sleep(delayMs * 2)
        }
      })
    }
  }

  it('to HEAD do not become the next answer', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(async (wire) => {
      for (;;) {
        const asked = await wire.message()
        wire.send(asked.startLine.startsWith('HEAD') ? poison : fine)
      }
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    for (let i = 0; i < 5; i++) {
      assert.equal((await ask(gateway.url, { method: 'HEAD' })).status, 200)
      assert.equal((await ask(gateway.url)).body, 'fine')
    }
  })

  it('with 204 or 304 do not become the next answer', async (t) => {
    const scene = openScene(t)
    for (const status of ['204 No Content', '304 Not Modified']) {
      const target = await scene.wireTarget(async (wire, number) => {
        for (;;) {
          await wire.message()
          wire.send(number === 1 ? `HTTP/1.1 ${status}\r\nContent-Length: ${poison.length}\r\n\r\n${poison}` : fine)
        }
      })
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      assert.equal((await ask(gateway.url)).status, Number(status.slice(0, 3)))
      const next = await ask(gateway.url)
      assert.deepEqual([next.status, next.body], [200, 'fine'])
    }
  })

  it('that arrive before any request do not become an answer', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(async (wire, number) => {
      if (number === 1) wire.send(poison)
      for (;;) {
        await wire.message()
        wire.send(fine)
      }
    })
    const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const first = await ask(url)
    // It is indistinguishable from an early answer, sent before the request is complete, so either result is valid.
    assert.ok(['fine', 'poison'].includes(first.body) || first.status === 502)
    assert.equal((await ask(url)).body, 'fine')
  })
})
