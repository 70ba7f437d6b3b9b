import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { describe, it } from 'node:test'
import { codeOf, failureOf, requestOf, responseOf, textOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { served } from '../../../test/kit/layers.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { failure } from '../../core/failure.ts'
import { succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { successOptions } from './options.ts'
import { type SuccessRules, statusCounts, success } from './success.ts'

const anything: SuccessRules = {
  judgedOnly: undefined,
  status: undefined,
  json: false,
  contentType: undefined,
  hold: false,
  bodyMayFail: false,
  maxAnswerBytes: 100,
  clock: new VirtualClock(),
}

function judged(script: Script, rules: Partial<SuccessRules> = {}, request: Partial<GatewayRequest> = {}) {
  return served(() => success({ ...anything, ...rules }), [{ ...script }], request)
}

describe('the statuses of success', () => {
  const cases: readonly (readonly [readonly (number | string)[], readonly number[], readonly number[]])[] = [
    [[200], [200], [199, 201, 204, 500]],
    [['200'], [200], [199, 201]],
    [['2xx'], [200, 204, 299], [199, 300]],
    [['200-204'], [200, 202, 204], [199, 205]],
    [
      ['1xx', 404, '500-503'],
      [101, 404, 500, 503],
      [200, 403, 405, 504],
    ],
  ]
  for (const [given, good, bad] of cases) {
    it(`${JSON.stringify(given)} counts ${good.join(', ')} and not ${bad.join(', ')}`, () => {
      const { status = [] } = successOptions.parse({ status: given })
      for (const code of good) assert.equal(statusCounts(status, code), true, String(code))
      for (const code of bad) assert.equal(statusCounts(status, code), false, String(code))
    })
  }

  for (const bad of [99, 600, '6xx', '20x', 'xx', '200-', '200 - 204', 200.5, '']) {
    it(`${JSON.stringify(bad)} is invalid`, () => {
      assert.equal(successOptions.safeParse({ status: [bad] }).success, false)
    })
  }
})

describe('success by status', () => {
  const status = [{ from: 200, to: 299 }]

  it('lets a good answer through, unchanged and still streaming', async () => {
    const { clock, upstream, answer } = judged({ afterMs: 5, status: 204, bodyAfterMs: 100 }, { status })
    await clock.advance(5)
    assert.equal(responseOf(answer.outcome).status, 204)
    assert.equal(upstream.openCount, 1)
  })

  for (const code of [199, 301, 400, 404, 429, 500, 503]) {
    it(`fails ${code} and does not wait for its body`, async () => {
      const { clock, upstream, answer } = judged({ afterMs: 5, status: code, bodyAfterMs: 9000 }, { status })
      await clock.advance(5)
      const failed = failureOf(answer.outcome)
      assert.deepEqual([failed.code, failed.upstreamStatus], ['UPSTREAM_STATUS', code])
      assert.match(failed.detail, new RegExp(`: status ${code}$`))
      assert.equal(upstream.seen[0]?.discarded, true)
      assert.equal(upstream.openCount, 0)
    })
  }

  it('passes on how long the target asks to wait', async () => {
    const script = { afterMs: 5, status: 503, headers: ['retry-after', '3'] }
    const { clock, answer } = judged(script, { status })
    await clock.advance(5)
    assert.equal(failureOf(answer.outcome).retryAfterMs, 3000)
  })

  it('passes on until when the target asks to wait', async () => {
    const until = new Date(anything.clock.wallNow() + 3000).toUTCString()
    const { clock, answer } = judged({ afterMs: 5, status: 503, headers: ['retry-after', until] }, { status })
    await clock.advance(5)
    assert.equal(failureOf(answer.outcome).retryAfterMs, 3000)
  })

  it('passes on a failure unchanged', async () => {
    const { clock, answer } = judged({ afterMs: 5, fails: 'UPSTREAM_REFUSED' }, { status, json: true })
    await clock.advance(5)
    assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_REFUSED')
  })
})

describe('success by JSON', () => {
  for (const [body, good] of [
    ['{"a":1}', true],
    ['[]', true],
    ['null', true],
    ['3', true],
    [' {"a":1}\n', true],
    ['', false],
    ['{"a":1', false],
    ['<html>', false],
    ["{'a':1}", false],
    ['NaN', false],
  ] as const) {
    for (const streamed of [false, true]) {
      it(`takes ${JSON.stringify(body)} for ${good ? '' : 'no '}JSON${streamed ? ', streamed' : ''}`, async () => {
        const script = streamed ? { afterMs: 5, bodyAfterMs: 20, body } : { afterMs: 5, body }
        const { clock, answer } = judged(script, { json: true })
        await clock.advance(25)
        if (good) assert.equal(textOf(answer.outcome), body)
        else assert.equal(codeOf(answer.outcome), 'UPSTREAM_INVALID')
      })
    }
  }

  it('waits for the whole body before it judges', async () => {
    const { clock, answer } = judged({ afterMs: 5, bodyAfterMs: 20, body: '{}' }, { json: true })
    await clock.advance(24)
    assert.equal(answer.outcome, undefined)
    await clock.advance(1)
    assert.equal(codeOf(answer.outcome), 'ok')
  })

  it('judges the status first, and does not wait for the body of a bad one', async () => {
    const rules = { json: true, status: [{ from: 200, to: 200 }] }
    const { clock, answer } = judged({ afterMs: 5, status: 500, bodyAfterMs: 9000, body: '{}' }, rules)
    await clock.advance(5)
    assert.equal(codeOf(answer.outcome), 'UPSTREAM_STATUS')
  })

  it('requests no encoding, as it has to read the body', async () => {
    const headers = ['Accept-Encoding', 'gzip', 'Accept', 'application/json']
    const asking = judged({ afterMs: 5 }, { json: true }, { headers })
    assert.deepEqual(asking.upstream.seen[0]?.request.headers, ['Accept', 'application/json'])
    const passing = judged({ afterMs: 5 }, {}, { headers })
    assert.deepEqual(passing.upstream.seen[0]?.request.headers, headers)
  })
})

describe('success by content type', () => {
  const contentType = 'Application/JSON'
  for (const [given, good] of [
    ['application/json', true],
    ['APPLICATION/json; charset=utf-8', true],
    ['text/html', false],
    ['x application/json', false],
    [undefined, false],
  ] as const) {
    it(`${given ?? 'none at all'} is ${good ? '' : 'not '}the required type`, async () => {
      const headers = given === undefined ? [] : ['Content-Type', given]
      const { clock, upstream, answer } = judged({ afterMs: 5, bodyAfterMs: 50, headers }, { contentType })
      await clock.advance(5)
      assert.equal(codeOf(answer.outcome), good ? 'ok' : 'UPSTREAM_INVALID')
      assert.equal(upstream.seen[0]?.discarded, !good)
    })
  }
})

describe('success of an answer that is held', () => {
  it('holds a body up to the limit', async () => {
    const { clock, answer } = judged({ afterMs: 5, bodyAfterMs: 5, body: 'x'.repeat(100) }, { hold: true })
    await clock.advance(10)
    assert.equal(textOf(answer.outcome).length, 100)
  })

  it('fails a larger one, discards the rest, and names the limit', async () => {
    const script = { afterMs: 5, bodyAfterMs: 5, body: 'x'.repeat(101) }
    const { clock, upstream, answer } = judged(script, { hold: true })
    await clock.advance(10)
    const { code, detail } = failureOf(answer.outcome)
    assert.equal(code, 'UPSTREAM_INVALID')
    assert.match(detail, /larger than 100 bytes/)
    assert.equal(upstream.seen[0]?.discarded, true)
  })

  it('fails when its body breaks off', async () => {
    const { clock, answer } = judged({ afterMs: 5, bodyAfterMs: 5, bodyFails: 'UPSTREAM_RESET' }, { hold: true })
    await clock.advance(10)
    assert.equal(codeOf(answer.outcome), 'UPSTREAM_RESET')
  })

  for (const code of ['DEADLINE', 'CLIENT_GONE', 'CANCELLED'] as const) {
    it(`fails at once with ${code} when the call ends while the body arrives`, async () => {
      const { clock, call, upstream, answer } = judged({ afterMs: 5, bodyAfterMs: 500 }, { hold: true })
      clock.after(50, () => call.abort(failure(code, 'over')))
      await clock.advance(50)
      assert.equal(codeOf(answer.outcome), code)
      assert.equal(upstream.openCount, 0)
    })
  }

  it('holds nothing of an answer without a body', async () => {
    const nothing = succeeded({ status: 204, headers: [], body: undefined, attempt: undefined, upgraded: undefined })
    const { clock, answer } = served(() => () => success({ ...anything, hold: true })(() => Promise.resolve(nothing)))
    await clock.advance(0)
    assert.equal(responseOf(answer.outcome).body, undefined)
  })
})

describe('success of a switch of protocols', () => {
  for (const [what, rules] of [
    ['its status', { status: [{ from: 200, to: 299 }] }],
    ['the lack of JSON', { json: true }],
    ['its content type', { contentType: 'application/json' }],
  ] as const) {
    it(`closes the connection that it refuses for ${what}`, async () => {
      const upgraded = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
      const switched = succeeded({ status: 101, headers: [], body: undefined, attempt: undefined, upgraded })
      const service = success({ ...anything, ...rules })(() => Promise.resolve(switched))
      const { call } = served(() => (next) => next)
      const outcome = await service(requestOf({ upgrade: 'websocket' }), call)
      assert.equal(outcome.ok, false)
      assert.equal(upgraded.destroyed, true)
    })
  }
})
