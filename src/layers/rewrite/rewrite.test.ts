import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { served } from '../../../test/kit/layers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { RewriteOptions } from './options.ts'
import { capturesOf, compilePath, rewrite } from './rewrite.ts'

function asked(options: Partial<RewriteOptions>, request: Partial<GatewayRequest> = {}): GatewayRequest {
  const { upstream } = served(() => rewrite({ path: undefined, headers: undefined, ...options }), [], request)
  return upstream.seen[0]?.request as GatewayRequest
}

describe('rewrite', () => {
  it('passes on a request unchanged without any rules', () => {
    const { path, query, headers } = asked({}, { path: '/a%20b', query: 'x=1&x=2', headers: ['A', 'b'] })
    assert.deepEqual([path, query, headers], ['/a%20b', 'x=1&x=2', ['A', 'b']])
  })

  it('sends another path to the target, and keeps the query as sent', () => {
    const { path, query } = asked({ path: '/api/work' }, { path: '/x', query: 'a=%C5%BE&a=+&b' })
    assert.deepEqual([path, query], ['/api/work', 'a=%C5%BE&a=+&b'])
  })

  it('keeps method, body and everything else unchanged', () => {
    const request = { method: 'PUT', body: Buffer.from('x'), params: { id: '7' }, upgrade: 'websocket' }
    const { method, body, params, upgrade } = asked({ path: '/u/:id' }, request)
    assert.deepEqual({ method, body, params, upgrade }, request)
  })

  it('replaces fields of the same name, whatever their case, and removes others', () => {
    const headers = ['X-A', '1', 'x-a', '2', 'X-B', '3', 'X-C', '4']
    const changed = asked({ headers: { set: { 'x-A': 'new', 'x-new': 'n' }, remove: ['X-b'] } }, { headers })
    assert.deepEqual(changed.headers, ['X-C', '4', 'x-A', 'new', 'x-new', 'n'])
    assert.equal(headers.length, 8)
  })
})

describe('compilePath', () => {
  const cases: readonly (readonly [string, GatewayRequest['params'], string])[] = [
    ['/fixed', { id: '7' }, '/fixed'],
    ['/users/:id', { id: '7' }, '/users/7'],
    ['/users/:id/orders/:order', { id: '7', order: '8' }, '/users/7/orders/8'],
    ['/:a-:b', { a: '1', b: '2' }, '/1-2'],
    ['/:id', { id: 'a b/c?d#e%ž' }, '/a%20b%2Fc%3Fd%23e%25%C5%BE'],
    ['/:id', {}, '/'],
    ['/files/*', { '*': 'a/b%20c/d%3Fe%2Ff' }, '/files/a/b%20c/d%3Fe%2Ff'],
    ['/files/*', { '*': '' }, '/files/'],
    ['/files/*', { '*': 'a//b/' }, '/files/a//b/'],
    ['/:id/*', { id: '7', '*': 'x/y' }, '/7/x/y'],
    ['/port:8080', { '8080': 'x' }, '/port:8080'],
  ]
  for (const [template, params, path] of cases) {
    it(`makes ${path} from ${template} with ${JSON.stringify(params)}`, () => {
      assert.equal(compilePath(template)(params), path)
    })
  }

  it('never lets a captured segment leave its segment', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', 'a', '', '%2e%2e', '..\\..', '?', '#'), fc.string())
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        const value = parts.join('/')
        // The listener rejects a segment that consists only of dots.
        fc.pre(value.isWellFormed() && value !== '.' && value !== '..')
        const { pathname } = new URL(compilePath('/data/:id/end')({ id: value }), 'http://target')
        assert.match(pathname, /^\/data\/[^/]*\/end$/)
      }),
      { examples: [[['a', '..', '..', 'secret']]] },
    )
  })

  it('inserts a captured segment so that a target reads the same value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const path = compilePath('/u/:id')({ id: value })
        assert.deepEqual(path.split('/').slice(2).map(decodeURIComponent), [value])
      }),
    )
  })
})

describe('capturesOf', () => {
  for (const [template, captures] of [
    ['/fixed', []],
    ['/:a/b/:c_1', ['a', 'c_1']],
    ['/:a/*', ['a', '*']],
    ['/port:80', []],
  ] as const) {
    it(`finds ${JSON.stringify(captures)} in ${template}`, () => assert.deepEqual(capturesOf(template), captures))
  }
})
