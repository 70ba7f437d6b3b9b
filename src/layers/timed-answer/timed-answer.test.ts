import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf, requestOf, responseOf, textOf } from '../../../test/kit/calls.ts'
import { served } from '../../../test/kit/layers.ts'
import { succeeded } from '../../core/outcome.ts'
import { timedAnswer } from './timed-answer.ts'

describe('timedAnswer', () => {
  it('returns the whole milliseconds since the call began, and the JSON unchanged', async () => {
    const { clock, answer } = served(timedAnswer, [{ afterMs: 123.4, body: '{ "time": 100.0 }' }])
    await clock.advance(200)
    assert.equal(textOf(answer.outcome), '{"time":123,"api":{ "time": 100.0 }}')
    assert.deepEqual(JSON.parse(textOf(answer.outcome)), { time: 123, api: { time: 100 } })
  })

  it('is JSON of its own: headers of the original answer do not apply', async () => {
    const headers = ['content-length', '2', 'content-encoding', 'identity', 'etag', '"x"']
    const { clock, answer } = served(timedAnswer, [{ afterMs: 1, headers, status: 203 }])
    await clock.advance(1)
    const { status, headers: given } = responseOf(answer.outcome)
    assert.deepEqual([status, given], [203, ['content-type', 'application/json']])
  })

  it('passes on a failure unchanged', async () => {
    const { clock, answer } = served(timedAnswer, [{ afterMs: 1, fails: 'UPSTREAM_RESET' }])
    await clock.advance(1)
    assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_RESET')
  })

  it('has null for an answer without a body', async () => {
    const nothing = succeeded({ status: 200, headers: [], body: undefined, attempt: undefined, upgraded: undefined })
    const { call } = served(timedAnswer)
    const outcome = await timedAnswer()(() => Promise.resolve(nothing))(requestOf(), call)
    assert.equal(textOf(outcome), '{"time":0,"api":null}')
  })

  it('throws if the answer was not held, which is a bug in the stack', async () => {
    const body = { pipe: () => {}, resume: () => {}, discard: () => {} }
    const streamed = succeeded({ status: 200, headers: [], body, attempt: undefined, upgraded: undefined })
    const { call } = served(timedAnswer)
    await assert.rejects(timedAnswer()(() => Promise.resolve(streamed))(requestOf(), call), /was not held/)
  })
})
