import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../src/kit/random.ts'
import { parseLateness } from './lateness.ts'
import { parseHeader, requestSource } from './requests.ts'
import { parseStatusSet } from './status-set.ts'
import { parseTarget } from './target.ts'
import { parseTemplate } from './template.ts'

const random = seededRandom(1)

describe('a target', () => {
  it('is parsed with path and query unchanged', () => {
    const { host, port, authority, isSecure, path } = parseTarget('http://example.test:8080/a%20b?x={5..5}&y=é z')
    assert.deepEqual(
      { host, port, authority, isSecure },
      { host: 'example.test', port: 8080, authority: 'example.test:8080', isSecure: false },
    )
    assert.equal(path.draw(random, 1), '/a%20b?x=5&y=%C3%A9%20z')
  })

  it('has the standard ports, and IPv6 addresses without brackets', () => {
    assert.equal(parseTarget('https://example.test').port, 443)
    const v6 = parseTarget('http://[::1]/')
    assert.deepEqual([v6.host, v6.port, v6.authority], ['::1', 80, '[::1]'])
    assert.equal(parseTarget('http://x?a=1').path.fixed, '/?a=1')
  })

  for (const text of [
    '',
    'localhost:80',
    'ftp://x/',
    'http://',
    'http://x{1..2}/',
    'http://a:b@x/',
    'http://x:99999/',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseTarget(text), /Allowed: /))
  }
})

describe('statuses', () => {
  it('are numbers, ranges and families', () => {
    const isGood = parseStatusSet('200-204, 3xx,503')
    assert.deepEqual([200, 204, 205, 302, 400, 503].filter(isGood), [200, 204, 302, 503])
  })

  for (const text of ['', '2', '99', '600', '300-200', '200-', 'ok', '200;503']) {
    it(`refuse ${JSON.stringify(text)}`, () => assert.throws(() => parseStatusSet(text), /Allowed: statuses/))
  }
})

describe('lateness', () => {
  it('is a duration, or a query parameter of the request plus an allowance', () => {
    assert.equal(parseLateness('1s')('/x'), 1000)
    assert.equal(parseLateness('query:timeout')('/x?timeout=750&a=1'), 750)
    assert.equal(parseLateness('query:timeout+25ms')('/x?a=1&timeout=750'), 775)
    assert.equal(parseLateness('query:timeout')('/x?xtimeout=750'), undefined)
  })

  for (const text of ['', '1', 'query:', 'query:a+b', 'query:a+', 'header:x']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseLateness(text), /Allowed: a duration/))
  }
})

describe('requests', () => {
  const source = (options: { headers?: readonly string[]; body?: string; method?: string }) =>
    requestSource(
      {
        target: parseTarget('http://x.test/a?n={n}&timeout={500..500}'),
        method: options.method ?? 'GET',
        headers: (options.headers ?? []).map(parseHeader),
        body: options.body === undefined ? undefined : parseTemplate(options.body, { keepsOtherBraces: true }),
        lateness: parseLateness('query:timeout'),
      },
      random,
    )

  it('have a drawn path, the time limit in it, and the default headers', () => {
    const { path, headers, body, lateAfterMs } = source({})(7)
    assert.deepEqual([path, body, lateAfterMs], ['/a?n=7&timeout=500', undefined, 500])
    assert.deepEqual(headers, ['host', 'x.test', 'user-agent', 'hedgerow-load', 'accept', '*/*'])
  })

  it('give the length of a drawn body in bytes', () => {
    const next = source({ body: 'é{n}', method: 'POST' })
    assert.deepEqual([next(5).body, next(5).headers.slice(-2)], ['é5', ['content-length', '3']])
    assert.deepEqual(next(10).headers.slice(-2), ['content-length', '4'])
    assert.deepEqual(source({ method: 'POST' })(1).headers.slice(-2), ['content-length', '0'])
  })

  it('have headers that replace the defaults, and may contain placeholders', () => {
    const { headers } = source({ headers: ['Host: other.test', 'X-Id:  {n} '] })(3)
    assert.deepEqual(headers, ['user-agent', 'hedgerow-load', 'accept', '*/*', 'Host', 'other.test', 'X-Id', '3'])
  })

  for (const line of ['', 'x', ': y', 'a b: c', 'X: a\r\nY: b', 'X: \u20ac', 'Content-Length: 5', 'X: {oops}']) {
    it(`refuse the header ${JSON.stringify(line)}`, () => assert.throws(() => parseHeader(line), /Allowed: /))
  }
})
