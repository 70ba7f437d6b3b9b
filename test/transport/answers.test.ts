import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, problemOf } from '../kit/ask.ts'
import { openScene, upstreamOf } from '../kit/gateway.ts'
import type { Wire } from '../kit/wire.ts'

const forwards = (options = {}) => [{ match: '/*', forward: { upstream: 'work' }, ...options }]

/** A target that sends the same bytes in answer to every request on a connection. */
function says(bytes: string, close = false): (wire: Wire) => Promise<void> {
  return async (wire) => {
    while (!wire.isClosed) {
      await wire.message()
      wire.send(bytes)
      if (close) return void wire.socket.end()
    }
  }
}

describe('answers through forward', () => {
  it('to HEAD have the header of GET and no body', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      response.writeHead(200, { 'content-length': '5', 'x-method': String(message.method) })
      response.end(message.method === 'HEAD' ? undefined : 'hello')
    })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: 'GET /', forward: { upstream: 'work' } }],
    })
    const client = await scene.wire(gateway)
    for (let i = 0; i < 3; i++) {
      client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
      const answer = await client.message({ hasNoBody: true })
      assert.deepEqual(answer.headers.get('content-length'), ['5'])
      assert.deepEqual(answer.headers.get('x-method'), ['HEAD'])
    }
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await client.message()).body, 'hello')
  })

  it('to HEAD from strategies that judge the body have the head of the GET answer', async (t) => {
    const scene = openScene(t)
    const backend = await scene.backend({ endpoints: { 'GET /api/work': { body: { json: { time: 250 } } } } })
    const success = { json: true }
    const gateway = await scene.gateway({
      upstreams: upstreamOf(backend),
      routes: [
        { match: 'GET /hedge', hedge: { upstream: 'work', path: '/api/work', after: '1s', success } },
        { match: 'GET /all', all: { upstream: 'work', path: '/api/work', success } },
        { match: 'GET /quorum', quorum: { upstream: 'work', path: '/api/work', of: 2, need: 2 } },
        { match: 'GET /timed', first: { upstream: 'work', path: '/api/work' }, answer: 'timed' },
      ],
    })
    const client = await scene.wire(gateway)
    for (const [path, length] of [
      ['/hedge', 12],
      ['/all', 27],
      ['/quorum', 12],
    ] as const) {
      client.send(`HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const answer = await client.message({ hasNoBody: true })
      assert.equal(answer.status, 200, path)
      assert.deepEqual(answer.headers.get('content-length'), [String(length)], path)
    }
    client.send('HEAD /timed HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await client.message({ hasNoBody: true })).status, 200)
    client.send('GET /all HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal((await client.message()).body, '[{"time":250},{"time":250}]')
  })

  for (const [name, head] of [
    ['204', 'HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n'],
    ['304 with the length of what is not sent', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n'],
    ['304 that says it is chunked', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ] as const) {
    it(`without a body pass, and the connection stays usable: ${name}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(says(head))
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const client = await scene.wire(gateway)
      for (let i = 0; i < 3; i++) {
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        const answer = await client.message()
        assert.equal(answer.status, Number(name.slice(0, 3)))
        assert.equal(answer.headers.get('transfer-encoding'), undefined)
      }
      assert.equal(client.text, '')
    })
  }

  it('with 204 have no Content-Length, even after buffering for comparison', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(says('HTTP/1.1 204 No Content\r\n\r\n'))
    const gateway = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: '/', quorum: { upstream: 'work', of: 2, need: 2 } }],
    })
    const client = await scene.wire(gateway)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const answer = await client.message()
    assert.equal(answer.status, 204)
    // RFC 9110, 8.6: a server must not send Content-Length in a 204.
    assert.equal(answer.headers.get('content-length'), undefined)
  })

  it('that are chunked, or end with their connection, arrive whole', async (t) => {
    const scene = openScene(t)
    const chunked = await scene.wireTarget(
      says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n'),
    )
    const closing = await scene.wireTarget(says('HTTP/1.1 200 OK\r\n\r\nhello world', true))
    const old = await scene.wireTarget(says('HTTP/1.0 200 OK\r\n\r\nhello world', true))
    for (const target of [chunked, closing, old]) {
      const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      assert.equal((await ask(url)).body, 'hello world')
      assert.equal((await ask(url)).body, 'hello world')
    }
  })

  it('keep their trailers', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('body')
      response.addTrailers({ 'x-sum': '42' })
      response.end()
    })
    const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const answer = await ask(url)
    assert.deepEqual([answer.body, answer.trailers['x-sum'], answer.headers.trailer], ['body', '42', 'x-sum'])
  })

  const announcing = 'Trailer: x-sum\r\n'
  for (const [name, request, answer] of [
    ['to HEAD', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', `200 OK\r\n${announcing}Transfer-Encoding: chunked\r\n\r\n`],
    ['with 304', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', `304 Not Modified\r\n${announcing}\r\n`],
    ['of a known length', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', `200 OK\r\n${announcing}Content-Length: 2\r\n\r\nok`],
    [
      'to HTTP/1.0, which knows no trailers',
      'GET / HTTP/1.0\r\n\r\n',
      `200 OK\r\n${announcing}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n`,
    ],
  ] as const) {
    it(`that announce trailers do no harm ${name}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.wireTarget(says(`HTTP/1.1 ${answer}`))
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
      const client = await scene.wire(gateway)
      client.send(request)
      const got = await client.message({ hasNoBody: request.startsWith('HEAD') })
      assert.equal(got.status, Number(answer.slice(0, 3)))
      if (answer.includes('ok')) assert.equal(got.body, 'ok')
    })
  }

  it('after informational ones pass; informational ones do not count as answers', async (t) => {
    const scene = openScene(t)
    const target = await scene.wireTarget(
      says(
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n' +
          'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      ),
    )
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    for (let i = 0; i < 3; i++) {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      let answer = await client.message()
      while (answer.status < 200) answer = await client.message()
      assert.deepEqual([answer.status, answer.body], [200, 'hello'])
    }
    assert.equal(target.connectionsTotal(), 1)
  })

  it('with a status outside every class are passed or rejected, and the gateway survives', async (t) => {
    const scene = openScene(t)
    for (const status of ['599', '600', '799', '999', '099', '000']) {
      const target = await scene.wireTarget(says(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`))
      const { url } = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards({ deadline: '500ms' }) })
      const answer = await ask(url)
      if (answer.status === Number(status)) continue
      assert.equal(answer.status, 502, `${status}: ${answer.body}`)
      assert.match(problemOf(answer).code, /^UPSTREAM_(?:INVALID|RESET)$/, status)
    }
  })
})
