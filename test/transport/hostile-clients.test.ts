import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOf } from '../kit/ask.ts'
import { openScene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { servesOn, watchedGateway } from '../kit/watched-gateway.ts'
import { Wire } from '../kit/wire.ts'

/** The final answer, or undefined if the connection was closed without one. */
async function answerOf(client: Wire) {
  await until('an answer, or the end', () => client.hasEnded || client.text.includes('\r\n\r\n'))
  return client.text === '' ? undefined : client.message()
}

const post = 'POST / HTTP/1.1\r\nHost: a\r\n'

/** The gateway must reject all of these; no target may see any of them. */
const refused: Readonly<Record<string, string>> = {
  'both Content-Length and Transfer-Encoding': `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding, then Content-Length': `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
  'two different Content-Length': `${post}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
  'a list of Content-Length': `${post}Content-Length: 4, 5\r\n\r\nabcde`,
  'a negative Content-Length': `${post}Content-Length: -4\r\n\r\nabcd`,
  'a Content-Length with a sign': `${post}Content-Length: +4\r\n\r\nabcd`,
  'a Content-Length in hexadecimal': `${post}Content-Length: 0x4\r\n\r\nabcd`,
  'a Content-Length beyond all numbers': `${post}Content-Length: 99999999999999999999999\r\n\r\nabcd`,
  'an empty Content-Length': `${post}Content-Length: \r\n\r\nabcd`,
  'an unknown Transfer-Encoding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'a Transfer-Encoding that does not end in chunked': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  'a Transfer-Encoding with a vertical tab': `${post}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  'a blank before the colon': `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  'a folded field': `${post}X-A: b\r\n c\r\n\r\n`,
  'a blank before the first field': 'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
  'a blank in a field name': `${post}X A: b\r\n\r\n`,
  'a field without a name': `${post}: b\r\n\r\n`,
  'a field without a colon': `${post}X-A\r\n\r\n`,
  'a byte beyond ASCII in a field name': `${post}X-\xe4: b\r\n\r\n`,
  'a NUL in a field name': `${post}X-\0: b\r\n\r\n`,
  'a NUL in a field value': `${post}X-A: b\0c\r\n\r\n`,
  'a bare CR in a field value': `${post}X-A: b\rX-B: c\r\n\r\n`,
  'a NUL in the path': 'GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a control character in the path': 'GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a byte beyond ASCII in the path': 'GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n',
  'a blank in the path': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a fragment in the path': 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n',
  'no path': 'GET  HTTP/1.1\r\nHost: a\r\n\r\n',
  'a path without a slash': 'GET a HTTP/1.1\r\nHost: a\r\n\r\n',
  'an asterisk for a path': 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'a path of another scheme': 'GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a method that is none': 'G@T / HTTP/1.1\r\nHost: a\r\n\r\n',
  'a method that nobody knows': 'FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n',
  'a method in small letters': 'get / HTTP/1.1\r\nHost: a\r\n\r\n',
  CONNECT: 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n',
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'two Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'a version that nobody knows': 'GET / HTTP/3.7\r\nHost: a\r\n\r\n',
  'HTTP/2 with prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/0.9': 'GET /\r\n\r\n',
  'no HTTP at all': 'hello, is anybody there?\r\n\r\n',
  'random bytes': '\x8f\x02\xff\xfe\x00\x11garbage\x90\x91\r\n\r\n',
  'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefghijklmnopqrstuvwxyz012345',
  'a dot segment': 'GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a dot segment at the end': 'GET /a/.. HTTP/1.1\r\nHost: a\r\n\r\n',
  'a single dot': 'GET /a/./b HTTP/1.1\r\nHost: a\r\n\r\n',
  'an encoded dot segment': 'GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a dot segment behind an encoded slash': 'GET /a%2f../b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a dot segment between encoded slashes': 'GET /a%2f..%2fb HTTP/1.1\r\nHost: a\r\n\r\n',
  'a dot segment with backslashes': 'GET /a\\..\\b HTTP/1.1\r\nHost: a\r\n\r\n',
  'a dot segment in absolute form': 'GET http://a/b/../c HTTP/1.1\r\nHost: a\r\n\r\n',
}

describe('a malformed request', () => {
  for (const [name, bytes] of Object.entries(refused)) {
    it(`is rejected, and no target sees it: ${name}`, async (t) => {
      const { gateway, seen } = await watchedGateway(openScene(t))
      const client = await Wire.open(gateway.port)
      try {
        client.send(bytes)
        const answer = await answerOf(client)
        assert.deepEqual(seen, [])
        if (answer !== undefined) {
          assert.equal(Math.floor(answer.status / 100), 4, answer.head)
          assert.equal(problemOf(answer).status, answer.status)
        }
      } finally {
        client.destroy()
      }
      await servesOn(gateway)
    })
  }

  for (const [name, chunks] of [
    ['a chunk size that is no number', 'xyz\r\nabc\r\n0\r\n\r\n'],
    ['a negative chunk size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size with a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size beyond all numbers', 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '2\r\nabcdef\r\n0\r\n\r\n'],
    ['a chunk size that ends in a bare LF', '3\nabc\r\n0\r\n\r\n'],
    ['an endless chunk extension', `3;${'x'.repeat(40_000)}\r\nabc\r\n0\r\n\r\n`],
  ] as const) {
    for (const held of [false, true]) {
      it(`inside its body (${held ? 'held' : 'streamed'}) never becomes complete: ${name}`, async (t) => {
        const scene = openScene(t)
        const { gateway, seen, target } = await watchedGateway(scene, {}, held ? { bodyLimit: '1MiB' } : {})
        const client = await scene.wire(gateway)
        client.send(`${post}Transfer-Encoding: chunked\r\n\r\n${chunks}`)
        const answer = await answerOf(client)
        if (answer !== undefined) assert.equal(Math.floor(answer.status / 100), 4, answer.head)
        await client.closed()
        assert.deepEqual(seen, [])
        await until('the target is rid of it', () => target.connections() === 0)
        await servesOn(gateway)
      })
    }
  }
})

describe('a connection that has served a request', () => {
  for (const [name, bytes, status, code] of [
    ['400 for a malformed one', 'GET / HTTP/1.1\r\nX A: b\r\n\r\n', 400, 'BAD_REQUEST'],
    ['431 for one too large', `GET / HTTP/1.1\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`, 431, 'HEADER_TOO_LARGE'],
    ['408 for one that does not become whole', 'GET / HTTP/1.1\r\nX-A', 408, 'REQUEST_TIMEOUT'],
  ] as const) {
    it(`gets ${name}`, async (t) => {
      const scene = openScene(t)
      const { gateway } = await watchedGateway(scene, { headerTimeout: '300ms' })
      const client = await scene.wire(gateway)
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.equal((await client.message()).status, 200)
      client.send(bytes)
      const answer = await client.message()
      assert.equal(answer.status, status)
      assert.equal(problemOf(answer).code, code)
      await client.closed()
    })
  }
})

describe('request smuggling', () => {
  it('of a second request behind the first gets that one its own answer', async (t) => {
    const scene = openScene(t)
    const { gateway, seen } = await watchedGateway(scene)
    const client = await scene.wire(gateway)
    client.send(`${post}Content-Length: 4\r\n\r\nabcdGET /second HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.equal((await client.message()).body, 'served')
    assert.equal((await client.message()).body, 'served')
    assert.deepEqual(seen.sort(), ['GET /second', 'POST / abcd'])
  })

  for (const named of ['content-length', 'transfer-encoding', 'host', 'x-request-id', 'x-request-timeout-ms']) {
    it(`by naming ${named} in Connection changes nothing for the target`, async (t) => {
      const scene = openScene(t)
      let fields: NodeJS.Dict<string | string[]> = {}
      const target = await scene.target((message, response) => {
        fields = message.headers
        let body = ''
        message.on('data', (chunk) => {
          body += chunk
        })
        message.on('end', () => response.end(body))
      })
      const gateway = await scene.gateway({
        upstreams: upstreamOf(target),
        routes: [{ match: '/', deadline: '5s', forward: { upstream: 'work' } }],
      })
      const client = await scene.wire(gateway)
      const body = 'GET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n'
      client.send(`${post}Connection: keep-alive, ${named}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      assert.equal((await client.message()).body, body)
      assert.equal(fields.host, `127.0.0.1:${target.port}`)
      assert.match(String(fields['x-request-id']), /^[0-9a-f-]{36}$/)
      assert.match(String(fields['x-request-timeout-ms']), /^\d{4}$/)
    })
  }
})
