import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { AttemptOutcome } from '../../core/attempt.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { Redaction } from '../redact.ts'
import { attemptAttributes, callAttributes } from './attributes.ts'

const redaction = new Redaction({ headers: [], query: ['token'] })
const end = { status: 200, failure: undefined, bytesSent: 0 }

function attributesOf(path: string, query: string) {
  const route = { name: 'POST /cb', strategy: 'receive', idleTimeoutMs: 0 }
  const call = new LiveCall({ id: 'call-1', route, clock: new VirtualClock(), events: new EventBus() })
  return callAttributes(requestOf({ path, query }), call, end, redaction)
}

describe('callAttributes', () => {
  it('hide callback tokens, tickets and secrets in a query', () => {
    const shown = attributesOf('/cb', 'callback=s3cret&token=s3cret&a=1')
    assert.deepEqual([shown['url.path'], shown['url.query']], ['/cb', 'callback=***&token=***&a=1'])
    assert.equal(attributesOf('/_hedgerow/tickets/s3cret', '')['url.path'], '/_hedgerow/tickets/***')
    assert.equal(attributesOf('/_hedgerow/deliveries/s3cret', '')['url.path'], '/_hedgerow/deliveries/***')
  })

  it('include how long the call was queued, if it was', async () => {
    const clock = new VirtualClock()
    const { call } = callOf(clock)
    const queued = () => callAttributes(requestOf(), call, end, redaction)['hedgerow.queued_ms']
    assert.equal(queued(), undefined)
    call.queues(true)
    await clock.advance(190.1234)
    call.queues(false)
    await clock.advance(10)
    assert.equal(queued(), 190.123)
  })
})

describe('attemptAttributes', () => {
  const resultOf = (outcome: AttemptOutcome | undefined, { won = false, someWon = true } = {}) => {
    const { call } = callOf(new VirtualClock())
    const attempt = Object.assign(call.begin(targetOf('a')), { outcome, won })
    return (
      attemptAttributes({ attempt, method: 'GET', spanId: 'a' }, true, someWon)['hedgerow.attempt.result'] ?? 'nothing'
    )
  }
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['the winner', resultOf('success', { won: true }), 'won'],
    ['one that was stopped for the winner', resultOf('cancelled'), 'cancelled'],
    ['one without outcome', resultOf(undefined), 'cancelled'],
    ["a good answer that came beside the winner's", resultOf('success'), 'cancelled'],
    ['one that failed', resultOf('timeout'), 'failed'],
    ['a good answer where all are merged', resultOf('success', { someWon: false }), 'nothing'],
  ]
  for (const [what, told, expected] of cases) {
    it(`are ${expected} for ${what}`, () => assert.equal(told, expected))
  }
})
