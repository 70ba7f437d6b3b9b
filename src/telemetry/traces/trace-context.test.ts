import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parentContext, traceparent } from './trace-context.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const good = `00-${traceId}-${spanId}-01`

const of = (...fields: readonly string[]) => parentContext(fields)

describe('parentContext', () => {
  it("reads the parent's ids and its sampled flag", () => {
    assert.deepEqual(of('Traceparent', good), { traceId, spanId, sampled: true, state: '' })
    assert.equal(of('traceparent', good.replace(/01$/, '00'))?.sampled, false)
    // The second flag marks a random id.
    assert.equal(of('traceparent', good.replace(/01$/, '03'))?.sampled, true)
    assert.equal(of('traceparent', good.replace(/01$/, '02'))?.sampled, false)
  })

  it('reads the known fields of a later version', () => {
    assert.equal(of('traceparent', good.replace(/^00/, 'cc'))?.traceId, traceId)
    assert.equal(of('traceparent', `${good.replace(/^00/, 'cc')}-what-comes-later`)?.traceId, traceId)
  })

  const bad: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['words', 'hello'],
    ['capitals', good.toUpperCase()],
    ['the version that is none', good.replace(/^00/, 'ff')],
    ['a trace id of zeros', good.replace(traceId, '0'.repeat(32))],
    ['a span id of zeros', good.replace(spanId, '0'.repeat(16))],
    ['a short trace id', good.replace(traceId, traceId.slice(1))],
    ['a long span id', good.replace(spanId, `${spanId}0`)],
    ['more than version 00 has', `${good}-00`],
    ['what a later version may not have either', `${good.replace(/^00/, 'cc')}.00`],
    ['blanks', ` ${good}`],
    ['a missing flag', good.slice(0, -3)],
  ]
  for (const [name, value] of bad) {
    it(`ignores ${name}`, () => assert.equal(of('traceparent', value), undefined))
  }

  it('ignores two of them', () => {
    assert.equal(of('traceparent', good, 'traceparent', good), undefined)
  })

  it('joins the state headers, and drops one that is invalid', () => {
    const state = (...values: readonly string[]) =>
      of('traceparent', good, ...values.flatMap((value) => ['tracestate', value]))?.state
    assert.equal(state('a=1, b=2', '', 't@c=x y'), 'a=1,b=2,t@c=x y')
    assert.equal(state('a=1,B=2'), '')
    assert.equal(state('a=1,b=\u00e4'), '')
    assert.equal(state('a'), '')
    assert.equal(state(Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(',')), '')
    assert.equal(state(`a=${'x'.repeat(257)}`), '')
    assert.equal(state(`a=${'x'.repeat(256)}`), `a=${'x'.repeat(256)}`)
  })
})

describe('traceparent', () => {
  it('is readable by parentContext', () => {
    assert.deepEqual(of('traceparent', traceparent(traceId, spanId)), { traceId, spanId, sampled: true, state: '' })
  })
})
