import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../kit/ask.ts'
import { openScene, upstreamOf } from '../kit/gateway.ts'

const forwards = (options = {}) => [{ match: '/*', forward: { upstream: 'work', ...options } }]
/** Answers with the request line that the target received. */
const tells: RequestListener = (message, response) => {
  response.end(`${message.method} ${message.url}`)
}

describe('requests', () => {
  it('are answered in order when they are pipelined, whichever answer is ready first', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      setTimeout(() => response.end(String(message.url)), message.url === '/1' ? 150 : 5)
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    client.send([1, 2, 3, 4, 5].map((i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    for (let i = 1; i <= 5; i++) assert.equal((await client.message()).body, `/${i}`)
    assert.equal(client.hasEnded, false)
  })

  it('that are pipelined keep their large answers apart, even for a slow client', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      response.end(Buffer.alloc(1_000_000, String(message.url).slice(1)))
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    client.socket.pause()
    client.send(['a', 'b', 'c', 'd'].map((i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    await sleep(100)
    client.socket.resume()
    for (const letter of ['a', 'b', 'c', 'd']) {
      const { body } = await client.message()
      assert.ok(body.length === 1_000_000 && body === letter.repeat(1_000_000), `the answer of ${letter} is mixed up`)
    }
  })

  it('with HTTP/1.0 get an answer that ends with the connection, or keep it if they ask for that', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((_message, response) => {
      response.write('in ')
      response.end('chunks')
    })
    const fixed = await scene.target((_message, response) => {
      response.writeHead(200, { 'content-length': '2' }).end('ok')
    })
    const chunked = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(chunked)
    client.send('GET / HTTP/1.0\r\n\r\n')
    const answer = await client.message()
    assert.equal(answer.body, 'in chunks')
    assert.equal(answer.headers.get('transfer-encoding'), undefined)
    const keeping = await scene.wire(await scene.gateway({ upstreams: upstreamOf(fixed), routes: forwards() }))
    for (let i = 0; i < 3; i++) {
      keeping.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
      assert.equal((await keeping.message()).body, 'ok')
    }
    keeping.send('GET / HTTP/1.0\r\n\r\n')
    assert.equal((await keeping.message()).body, 'ok')
    await keeping.closed()
  })

  it('in absolute form use the path and the host of the URL', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => {
      response.end([message.url, message.headers.host, message.headers['x-forwarded-host']].join(' '))
    })
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    const authority = `127.0.0.1:${target.port}`
    for (const [sent, path, host] of [
      ['http://front.example/a/b?c=d', '/a/b?c=d', 'front.example'],
      ['HTTP://front.example', '/', 'front.example'],
      ['http://front.example?c=d', '/?c=d', 'front.example'],
      ['http://front.example:8080//a', '//a', 'front.example:8080'],
    ] as const) {
      client.send(`GET ${sent} HTTP/1.1\r\nHost: front.example\r\n\r\n`)
      const answer = await client.message()
      assert.equal(answer.body, `${path} ${authority} ${host}`)
    }
  })

  it('in absolute form use the host of the URL, whatever Host says', async (t) => {
    const scene = openScene(t)
    const target = await scene.target((message, response) => void response.end(message.headers['x-forwarded-host']))
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    // RFC 9112, 3.2.2.
    client.send('GET http://front.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n')
    assert.equal((await client.message()).body, 'front.example')
  })

  it('keep path and query byte for byte', async (t) => {
    const scene = openScene(t)
    const target = await scene.target(tells)
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    for (const url of [
      '/a%2Fb/c%20d%3F%23',
      '/%E2%82%AC/%e2%82%ac',
      '/a?x=1&x=2&x=%20&y=a+b&y=a%2Bb',
      '/a??b?c',
      '/a?b=/../c',
      '//a///b//',
      '/a;b=c/d,e',
      '/a?%',
      "/!$&'()*+,;=:@-._~",
      '/...',
      '/.a/..b/c..',
      '/a|b^c`{d}"<e>',
      `/${'long/'.repeat(1500)}`,
    ]) {
      client.send(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const answer = await client.message()
      assert.equal(answer.body, `GET ${url}`, JSON.stringify(url))
    }
  })

  it('with stray percent signs are passed unchanged, or rejected as malformed', async (t) => {
    const scene = openScene(t)
    const target = await scene.target(tells)
    const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: forwards() })
    const client = await scene.wire(gateway)
    for (const url of ['/%', '/%zz', '/a%2', '/%c3%28', '/a%00b']) {
      client.send(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const answer = await client.message()
      if (answer.status === 200) assert.equal(answer.body, `GET ${url}`)
      else assert.equal(answer.status, 400, `${url}: ${answer.body}`)
    }
  })

  it('go below the base path of their target, and to the path that the route sets', async (t) => {
    const scene = openScene(t)
    const target = await scene.target(tells)
    const { url } = await scene.gateway({
      upstreams: { work: { targets: [`${target.url}/base/v1/`] } },
      routes: [
        { match: '/plain/*', forward: { upstream: 'work' } },
        { match: '/fixed', forward: { upstream: 'work', path: '/other' } },
        { match: '/users/:id/files/*', forward: { upstream: 'work', path: '/f/*/of/:id' } },
      ],
    })
    for (const [path, asked] of [
      ['/plain/a?b=c', '/base/v1/plain/a?b=c'],
      ['/fixed?b=c&b=d%20', '/base/v1/other?b=c&b=d%20'],
      ['/users/a%20b/files/x/y%20z?q', '/base/v1/f/x/y%20z/of/a%20b?q'],
      ['/users/a%2Fb/files/x', '/base/v1/f/x/of/a%2Fb'],
    ]) {
      assert.equal((await ask(`${url}${path}`)).body, `GET ${asked}`)
    }
  })

  it('cannot leave the path of their route through a captured value', async (t) => {
    const scene = openScene(t)
    const target = await scene.target(tells)
    const { url } = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [
        { match: '/users/:id', forward: { upstream: 'work', path: '/public/:id/page' } },
        { match: '/files/*', forward: { upstream: 'work', path: '/public/*' } },
      ],
    })
    for (const path of [
      '/users/..',
      '/users/%2e%2e',
      '/users/..%2f..%2fadmin',
      '/users/%2e%2e%2fadmin',
      '/users/..%5cadmin',
      '/users/%252e%252e',
      '/files/..%2fadmin',
      '/files/%2e%2e/admin',
      '/files/a/%2e%2E/%2e./admin',
      '/files/a%2f..%2f..%2fadmin',
      '/users/..;/admin',
    ]) {
      const client = await scene.wire({ port: Number(new URL(url).port) })
      client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const answer = await client.message()
      if (answer.status !== 200) continue
      const asked = answer.body.slice('GET '.length)
      assert.ok(asked.startsWith('/public/'), `${path} asked for ${asked}`)
      const once = decodeURIComponent(asked)
      assert.doesNotMatch(once, /(?:^|[/\\])\.\.?(?:[/\\]|$)/, `${path} asked for ${asked}`)
    }
  })
})
