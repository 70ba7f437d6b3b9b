import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it } from 'node:test'
import { problemOf } from '../kit/ask.ts'
import { openScene, upstreamOf } from '../kit/gateway.ts'

const forwards = (options = {}) => [{ match: '/*', forward: { upstream: 'work', ...options } }]
/** Answers with the request line that the target received. */
const tells: RequestListener = (message, response) => {
  response.end(`${message.method} ${message.url}`)
}

describe('requests with Expect: 100-continue', () => {
  it('get 100, and then send their body', async (t) => {
    const scene = openScene(t)
    let expected: string | undefined = 'not asked yet'
    const target = await scene.target((message, response) => {
      expected = message.headers.expect
      let body = ''
      message.on('data', (chunk) => {
        body += chunk
      })
      message.on('end', () => response.end(`got ${body}`))
    })
    for (const route of [forwards(), forwards({ retry: {} })]) {
      const gateway = await scene.gateway({ upstreams: upstreamOf(target), routes: route })
      const client = await scene.wire(gateway)
      client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n')
      const interim = await client.message()
      assert.equal(interim.status, 100)
      client.send('body')
      const answer = await client.message()
      assert.deepEqual([answer.status, answer.body], [200, 'got body'])
      assert.equal(expected, undefined)
    }
  })

  for (const [name, path, status, fields] of [
    ['there is no route', '/nowhere', 404, 'Content-Length: 4'],
    ['the method is not allowed', '/get', 405, 'Content-Length: 4'],
    ['the body is declared too large', '/small', 413, 'Content-Length: 4000'],
    ['the timeout is bad', '/small?timeout=x', 400, 'Content-Length: 4'],
    ['the path is bad', '/a/../b', 400, 'Content-Length: 4'],
  ] as const) {
    it(`are rejected without 100 when ${name}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.target(tells)
      const gateway = await scene.gateway({
        upstreams: upstreamOf(target),
        routes: [
          { match: 'GET /get', forward: { upstream: 'work' } },
          {
            match: 'POST /small',
            deadline: { from: { query: 'timeout' } },
            forward: { upstream: 'work', bodyLimit: '1KiB' },
          },
        ],
      })
      const client = await scene.wire(gateway)
      client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${fields}\r\n\r\n`)
      const answer = await client.message()
      assert.equal(answer.status, status)
      assert.equal(problemOf(answer).status, status)
      await client.closed()
    })
  }

  it('get 417 for an unknown expectation', async (t) => {
    const scene = openScene(t)
    const gateway = await scene.gateway({ routes: [] })
    const client = await scene.wire(gateway)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 0\r\n\r\n')
    assert.equal((await client.message()).status, 417)
  })
})
