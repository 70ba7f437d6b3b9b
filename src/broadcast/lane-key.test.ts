import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf, requestOf } from '../../test/kit/calls.ts'
import { given } from '../../test/kit/results.ts'
import { failure } from '../core/failure.ts'
import { ok } from '../core/result.ts'
import { Scope } from '../kit/scope.ts'
import { laneBy } from './lane-key.ts'

function laneOf(by: string, body: string, scope = new Scope()) {
  return laneBy(by)(requestOf({ method: 'POST', body: Buffer.from(body) }), scope)
}

describe('the lane of a write', () => {
  for (const [by, body, lane] of [
    ['json:/user', '{"user":"u1"}', 'u1'],
    ['json:/user', '{"user":1.0}', '1'],
    ['json:/user', '{"user":{ "b" : 1 }}', '{"b":1}'],
    ['json:/user', '{"user":"\\ud800"}', '\ufffd'],
    ['json:/user', '{"user":"a","user":"b"}', 'b'],
    ['json:/user', '{"user":"u1"', ''],
    ['json:/user', '{}', ''],
    ['form.user', 'a=1&user=u+1&user=2', 'u 1'],
    ['form.user', 'a=1', ''],
  ] as const) {
    it(`is ${JSON.stringify(lane)} for ${body} with by: ${by}`, () => assert.deepEqual(laneOf(by, body), ok(lane)))
  }

  const many = {
    'json:/user': `{"list":[${'1,'.repeat(50_000)}1],"user":"u1"}`,
    'form.user': `${'a&'.repeat(50_000)}user=u1`,
  }
  for (const [by, body] of Object.entries(many)) {
    it(`is read from a large body by ${by} in several turns, or abandoned with its call`, async () => {
      assert.equal(given(await laneOf(by, body)), 'u1')
      const scope = new Scope()
      const lane = laneOf(by, body, scope)
      assert.ok(lane instanceof Promise)
      const reason = failure('CLIENT_GONE', 'gone')
      scope.onAbort(reason)
      assert.equal(failureOf(await lane), reason)
    })
  }

  it('is a digest when the value is as large as a body', async () => {
    const laneEndingIn = async (end: string) =>
      given(await laneOf('json:/user', `{"user":"${'x'.repeat(20_000)}${end}"}`))
    const [one, same, other] = await Promise.all(['x', 'x', 'y'].map(laneEndingIn))
    assert.ok(one !== undefined)
    assert.match(one, /^[\w-]{43}$/)
    assert.equal(one, same)
    assert.notEqual(one, other)
  })
})
