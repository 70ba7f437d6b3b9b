import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { declaredLength, type Framing, requestHead } from './request-head.ts'

const target = {
  upstream: 'work',
  name: 'a',
  origin: 'http://a.example:80',
  authority: 'a.example:80',
  basePath: '/base',
  weight: 1,
}

function requestOf(parts: Partial<GatewayRequest>): GatewayRequest {
  const none = { query: '', body: undefined, params: {}, upgrade: undefined, part: undefined, attempt: undefined }
  return { method: 'GET', path: '/a', headers: [], ...none, ...parts }
}

function written(parts: Partial<GatewayRequest>, framing?: Framing, remainingMs = Number.POSITIVE_INFINITY): unknown {
  const head = requestHead(requestOf(parts), target, remainingMs, framing)
  return typeof head === 'string' ? head.split('\r\n') : head.detail
}

describe('requestHead', () => {
  it('adds its own Host, Connection, budget and framing to the fields that pass', () => {
    const headers = ['Accept', '*/*', 'Content-Length', '7', 'X-Request-Timeout-Ms', '999', 'x-latin', 'caf\xe9']
    assert.deepEqual(written({ method: 'POST', query: 'b=c', headers }, 5, 12.3), [
      'POST /base/a?b=c HTTP/1.1',
      'host: a.example:80',
      'connection: keep-alive',
      'Accept: */*',
      'x-latin: caf\xe9',
      'x-request-timeout-ms: 13',
      'content-length: 5',
      '',
      '',
    ])
  })

  it('writes the Host set by a route, and a requested upgrade', () => {
    const head = written({ headers: ['HOST', 'b.example'], upgrade: 'websocket' }) as string[]
    assert.deepEqual(head.slice(1, 4), ['host: b.example', 'connection: upgrade', 'upgrade: websocket'])
    assert.ok((written({ method: 'POST' }, 'chunked') as string[]).includes('transfer-encoding: chunked'))
  })

  const smuggled = '\r\nContent-Length: 0\r\n\r\nGET /admin HTTP/1.1'
  for (const [name, parts] of Object.entries<Partial<GatewayRequest>>({
    'a line break in its method': { method: `GET${smuggled}` },
    'a space in its method': { method: 'GET /b HTTP/1.1' },
    'no method': { method: '' },
    'a line break in its path': { path: `/a${smuggled}` },
    'a space in its path': { path: '/a b' },
    'a character in its path beyond latin1': { path: '/\u0120' },
    'a space in its query': { query: 'a b' },
    'a line break in its query': { query: `a\r\nb: c` },
    'a line break in a value': { headers: ['x-a', `b${smuggled}`] },
    'a line feed in a value': { headers: ['x-a', 'b\nc'] },
    'NUL in a value': { headers: ['x-a', 'b\0c'] },
    'a character in a value that truncates to a line feed': { headers: ['x-a', 'b\u010ac'] },
    'a line break in its Host': { headers: ['host', `a${smuggled}`] },
    'two Hosts': { headers: ['host', 'a', 'Host', 'b'] },
    'a line break in a name': { headers: ['x-a: b\r\nx-b', 'c'] },
    'a colon in a name': { headers: ['x:a', 'c'] },
    'a name beyond ASCII': { headers: ['x-\xe9', 'c'] },
    'a name beyond latin1': { headers: ['x-\u0120', 'c'] },
    'an empty name': { headers: ['', 'c'] },
    'a Transfer-Encoding of its own': { headers: ['Transfer-Encoding', 'chunked'] },
    'a Connection of its own': { headers: ['connection', 'close'] },
    'an Upgrade of its own': { headers: ['upgrade', 'h2c'] },
    'a line break in its upgrade': { upgrade: `websocket${smuggled}` },
  })) {
    it(`refuses a request with ${name}`, () => {
      const detail = written(parts)
      assert.ok(typeof detail === 'string')
      assert.match(detail, /^The request cannot be forwarded: /)
      assert.doesNotMatch(detail, /[\r\n]/)
    })
  }
})

describe('declaredLength', () => {
  it('accepts one Content-Length of digits only', () => {
    assert.equal(declaredLength(requestOf({ headers: ['a', 'b'] })), undefined)
    assert.equal(declaredLength(requestOf({ headers: ['Content-Length', '12'] })), 12)
    for (const headers of [
      ['content-length', '12', 'Content-Length', '12'],
      ['content-length', '-1'],
      ['content-length', '1e3'],
      ['content-length', ''],
    ]) {
      assert.equal((declaredLength(requestOf({ headers })) as Failure).code, 'BAD_REQUEST')
    }
  })
})
