import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { callbackOptionsOf } from '../../test/kit/callbacks.ts'
import { failureOf, requestOf } from '../../test/kit/calls.ts'
import { jsonTexts } from '../../test/kit/json-texts.ts'
import { given } from '../../test/kit/results.ts'
import { failure } from '../core/failure.ts'
import type { GatewayRequest } from '../core/request.ts'
import { Scope } from '../kit/scope.ts'
import { inscribe, type Token, tokenBy } from './token-placement.ts'

const token = 'tok-en_1'
const url = 'http://gateway:8080/back?callback=tok-en_1'

type Route = Parameters<typeof callbackOptionsOf>[0]

function inscribed(route: NonNullable<Route>, change: Partial<GatewayRequest> = {}) {
  const options = callbackOptionsOf({ receive: { path: '/back' }, ...route })
  const result = inscribe(options, () => 'http://gateway:8080')(requestOf(change), token, new Scope())
  assert.ok(!(result instanceof Promise), 'a small body is read at once')
  return result
}

function sent(route: NonNullable<Route>, change: Partial<GatewayRequest> = {}): GatewayRequest {
  return given(inscribed(route, change))
}

function json(value: unknown): Partial<GatewayRequest> {
  return { method: 'POST', body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) }
}

function bodyOf(request: GatewayRequest): string {
  assert.ok(request.body instanceof Uint8Array)
  return Buffer.from(request.body).toString()
}

describe('the request to the backend', () => {
  it('has a header with the callback URL by default', () => {
    const headers = ['accept', 'a', 'accept', 'b']
    assert.deepEqual(sent({}, { headers }).headers, [...headers, 'x-callback-url', url])
  })

  it("replaces the client's header of that name, whatever its spelling and number", () => {
    const headers = ['X-Callback-URL', 'http://evil/', 'a', 'b', 'x-callback-url', 'http://evil/2']
    assert.deepEqual(sent({ send: { url: 'header:X-Callback-Url' } }, { headers }).headers, [
      'a',
      'b',
      'X-Callback-Url',
      url,
    ])
  })

  it('has an id beside the URL, or alone, and then no token in the URL', () => {
    const send = { url: 'header:x-url', id: 'header:x-id' }
    assert.deepEqual(sent({ send }).headers, ['x-url', url, 'x-id', token])
    const receive = { path: '/back', id: 'header:x-id' }
    assert.deepEqual(sent({ send, receive }).headers, ['x-url', 'http://gateway:8080/back', 'x-id', token])
    assert.deepEqual(sent({ send: { id: 'header:x-id' }, receive }).headers, ['x-id', token])
  })

  for (const [query, expected] of [
    ['', 'cb='],
    ['a=1', 'a=1&cb='],
    ['a=1&a=2&b=%2f%2F+%20&c', 'a=1&a=2&b=%2f%2F+%20&c&cb='],
    ['a=1&&b=2&', 'a=1&&b=2&&cb='],
    ['&', '&&cb='],
    ['=x&a==b', '=x&a==b&cb='],
    ['cb=http://evil&a=1&%63b=x&c%62', 'a=1&cb='],
    ['cbx=1&xcb=2&CB=3', 'cbx=1&xcb=2&CB=3&cb='],
    // Some parsers strip the second question mark too.
    ['?cb=1&a', 'a&cb='],
    ['bad=%zz&u=%C3%28', 'bad=%zz&u=%C3%28&cb='],
  ] as const) {
    it(`keeps the query ${JSON.stringify(query)} byte for byte, except its own parameter`, () => {
      assert.equal(sent({ send: { url: 'query:cb' } }, { query }).query, expected + encodeURIComponent(url))
    })
  }

  it('keeps any query, and its own parameter can be read back', () => {
    const piece = fc.constantFrom('a', '=', '&', '%', '%41', '+', 'é', 'b?', 'b c', '%zz')
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
        (query) => {
          const { query: after } = sent({ send: { url: 'query:cb', id: 'query:i-d' } }, { query })
          assert.ok(after.startsWith(query === '' ? 'cb=' : `${query}&cb=`))
          assert.deepEqual(new URLSearchParams(after).getAll('cb'), [url])
          assert.deepEqual(new URLSearchParams(after).getAll('i-d'), [token])
        },
      ),
    )
  })

  it('encodes the name of its parameter', () => {
    assert.ok(sent({ send: { url: 'query:ü' } }).query.startsWith('%C3%BC='))
  })

  for (const [pointer, before, after] of [
    ['/cb', {}, { cb: url }],
    ['/cb', { a: 1, cb: 'http://evil' }, { a: 1, cb: url }],
    ['/meta/cb', { meta: { a: 1 } }, { meta: { a: 1, cb: url } }],
    ['/list/1/cb', { list: [0, {}] }, { list: [0, { cb: url }] }],
    ['/a~1b/c~0d', { 'a/b': {} }, { 'a/b': { 'c~d': url } }],
    ['/~01', {}, { '~1': url }],
    ['/', {}, { '': url }],
    ['/0', {}, { 0: url }],
  ] as const) {
    it(`has the URL in a JSON body at ${pointer}`, () => {
      const request = sent({ send: { url: `json:${pointer}` } }, json(before))
      assert.deepEqual(JSON.parse(bodyOf(request)), after)
    })
  }

  it('treats a member named __proto__ like any other, and sets no prototype', () => {
    const own = sent({ send: { url: 'json:/__proto__' } }, json('{"a":1}'))
    assert.equal(bodyOf(own), `{"a":1,"__proto__":${JSON.stringify(url)}}`)
    const nested = sent({ send: { url: 'json:/__proto__/cb' } }, json('{"__proto__":{}}'))
    assert.equal(bodyOf(nested), `{"__proto__":{"cb":${JSON.stringify(url)}}}`)
    for (const pointer of ['/__proto__/cb', '/constructor/prototype/cb', '/toString/cb']) {
      assert.equal(failureOf(inscribed({ send: { url: `json:${pointer}` } }, json({}))).code, 'BAD_REQUEST')
    }
    assert.equal(Reflect.get({}, 'cb'), undefined)
  })

  for (const [what, body] of [
    ['no body', undefined],
    ['an empty body', ''],
    ['a body that is not JSON', 'a=1'],
    ['JSON in another encoding', '\ufeff{}'],
    ['an array', '[]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['a body without the object that should hold it', '{"other":{}}'],
    ['an array where an object should be', '{"meta":[]}'],
  ] as const) {
    it(`refuses ${what}, and says which position is missing`, () => {
      const change = body === undefined ? {} : json(body)
      const { code, detail } = failureOf(inscribed({ send: { url: 'json:/meta/cb' } }, change))
      assert.deepEqual(
        [code, detail],
        ['BAD_REQUEST', 'The request body must be JSON with an object that can hold /meta/cb'],
      )
    })
  }

  it('keeps numbers as written, and everything else unchanged', () => {
    const before = '{"big":12345678901234567890,"exact":1.10,"e":1E2,"deep":[{"n":-0.0}],"text":"1.10"}'
    const request = sent({ send: { url: 'json:/cb' } }, json(before))
    assert.equal(bodyOf(request), `${before.slice(0, -1)},"cb":${JSON.stringify(url)}}`)
  })

  it('keeps every byte of the body except its own member', () => {
    for (const [before, after] of [
      ['{ "a" : 1 }\n', '{ "a" : 1 ,"cb":URL}\n'],
      ['{\t}', '{\t"cb":URL}'],
      ['{"2":0,"1":{"x":"\\u0061"} , "cb" : [1, {}] , "z":1}', '{"2":0,"1":{"x":"\\u0061"} , "cb" : URL , "z":1}'],
      ['{"c\\u0062":"http://evil"}', '{"c\\u0062":URL}'],
    ] as const) {
      const request = sent({ send: { url: 'json:/cb' } }, json(before))
      assert.equal(bodyOf(request), after.replace('URL', JSON.stringify(url)))
    }
  })

  it('refuses a body with a duplicate name on the way, as backends may take the first', () => {
    for (const body of ['{"m":{"cb":1,"cb":2}}', '{"m":{"c\\u0062":1,"cb":2}}', '{"m":{"cb":1},"m":{}}']) {
      const { code, detail } = failureOf(inscribed({ send: { url: 'json:/m/cb' } }, json(body)))
      assert.deepEqual(
        [code, detail],
        ['BAD_REQUEST', 'The request body repeats a name in an object on the path to /m/cb'],
      )
    }
  })

  it('adds to any JSON body the member that JSON.parse then finds, and changes nothing else', () => {
    fc.assert(
      fc.property(jsonTexts, (text) => {
        const result = inscribed({ send: { url: 'json:/a' } }, json(text))
        const before: unknown = JSON.parse(text)
        const isObject = typeof before === 'object' && before !== null && !Array.isArray(before)
        if (!result.ok) return assert.ok(!isObject || result.failure.detail.includes('repeats'))
        assert.deepEqual(JSON.parse(bodyOf(result.value)), { ...(before as object), a: url })
      }),
      { numRuns: 1000 },
    )
  })

  describe('in a large body', () => {
    const large = `{"list":[${'1,'.repeat(50_000)}1]`
    const options = callbackOptionsOf({ receive: { path: '/back' }, send: { url: 'json:/cb' } })
    const begin = (body: string, scope: Scope) =>
      inscribe(options, () => 'http://gateway:8080')(requestOf(json(body)), token, scope)

    it('is written in turns', async () => {
      const made = begin(`${large}}`, new Scope())
      assert.ok(made instanceof Promise)
      const request = given(await made)
      assert.equal(bodyOf(request), `${large},"cb":${JSON.stringify(url)}}`)
    })

    it('is given up at once when the call is over', async () => {
      const scope = new Scope()
      const made = begin(`${large}}`, scope)
      const reason = failure('CLIENT_GONE', 'gone')
      scope.onAbort(reason)
      assert.equal(failureOf(await made), reason)
    })
  })

  it('skips a byte order mark, and refuses a body that is not UTF-8 or nested too deep', async () => {
    assert.equal(bodyOf(sent({ send: { url: 'json:/cb' } }, json('\ufeff{}'))), `{"cb":${JSON.stringify(url)}}`)
    const options = callbackOptionsOf({ send: { url: 'json:/cb' } })
    for (const body of [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), Buffer.from('['.repeat(500_000))]) {
      const request = requestOf({ method: 'POST', body })
      const result = await inscribe(options, () => 'http://gateway:8080')(request, token, new Scope())
      assert.equal(failureOf(result).code, 'BAD_REQUEST')
    }
  })

  it('drops headers that a backend might take for its own, with _ for -', () => {
    const headers = ['X_Callback_Url', 'http://evil/', 'x-callback_url', 'http://evil/', 'x-callback-urls', 'stays']
    assert.deepEqual(sent({}, { headers }).headers, ['x-callback-urls', 'stays', 'x-callback-url', url])
  })

  it('drops the length that the body had before', () => {
    const headers = ['Content-Length', '7', 'a', 'b']
    assert.deepEqual(sent({ send: { url: 'json:/cb' } }, { ...json({}), headers }).headers, ['a', 'b'])
    assert.deepEqual(sent({ send: { url: 'query:cb' } }, { ...json({}), headers }).headers, headers)
  })

  it('has URL and id in one body', () => {
    const send = { url: 'json:/to', id: 'json:/id' }
    assert.deepEqual(JSON.parse(bodyOf(sent({ send }, json({})))), { to: url, id: token })
  })

  it("does not modify the client's request", () => {
    const body = Buffer.from('{"a":1}')
    const request = requestOf({ method: 'POST', body, query: 'cb=1', headers: ['x-id', '1'] })
    const options = callbackOptionsOf({ send: { url: 'json:/cb', id: 'query:cb' } })
    void inscribe(options, () => 'http://gateway:8080')(request, token, new Scope())
    assert.deepEqual([body.toString(), request.query, request.headers], ['{"a":1}', 'cb=1', ['x-id', '1']])
  })
})

describe('the request from the backend', () => {
  const found = (id: string, change: Partial<GatewayRequest> = {}): Token => {
    const location = tokenBy(id)
    if (location.isInHead) return location.tokenOf(requestOf(change))
    const token = location.tokenOf(requestOf(change), new Scope())
    assert.ok(!(token instanceof Promise), 'a small body is read at once')
    return given(token)
  }

  it('has its token read from the callback URL, wherever in the query it is', () => {
    assert.equal(found('url', { query: 'callback=t1' }), 't1')
    assert.equal(found('url', { query: 'a=1&%63allback=t%31&callback=t2' }), 't1')
    for (const query of ['', 'Callback=t1', 'a=callback']) assert.equal(found('url', { query }), undefined)
  })

  it('has its token read from a header, whatever its case', () => {
    assert.equal(found('header:X-Id', { headers: ['x-ID', 't1', 'x-id', 't2'] }), 't1')
    assert.equal(found('header:X-Id', { headers: ['x-idd', 't1'] }), undefined)
  })

  for (const [pointer, body, expected] of [
    ['/id', '{"id":"t1"}', 't1'],
    ['/data/0/id', '{"data":[{"id":"t1"}]}', 't1'],
    ['/a~1b/~0', '{"a/b":{"~":"t1"}}', 't1'],
    ['/__proto__/id', '{"__proto__":{"id":"t1"}}', 't1'],
    ['/__proto__/id', '{}', undefined],
    ['/id', '{"id":5}', undefined],
    ['/id', '{"id":{"id":"t1"}}', undefined],
    ['/id/length', '{"id":"t1"}', undefined],
    ['/id', '[]', undefined],
    ['/id', 'null', undefined],
    ['/id', 'id=t1', undefined],
    ['/id', '', undefined],
  ] as const) {
    it(`has ${expected ?? 'nothing'} at ${pointer} of ${body}`, () => {
      assert.equal(found(`json:${pointer}`, json(body)), expected)
    })
  }

  it('has no token without a body', () => assert.equal(found('json:/id'), undefined))

  it('shows in its head a token that is not in the body', () => {
    const inHead = ['url', 'header:json:x', 'json:/id'].map((id) => tokenBy(id).isInHead)
    assert.deepEqual(inHead, [true, true, false])
  })

  it('is read without an exception, whatever arrives', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.string(), (body, query) => {
        for (const id of ['url', 'header:x-id', 'json:/a/0', 'json:/__proto__']) {
          const token = found(id, { ...json(body), query, headers: ['x-id', query] })
          assert.ok(token === undefined || typeof token === 'string')
        }
      }),
    )
  })
})
