import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { targetOf } from '../../../test/kit/calls.ts'
import type { Attempt } from '../../core/attempt.ts'
import { type FailureCode, failure } from '../../core/failure.ts'
import { failed, succeeded } from '../../core/outcome.ts'
import { ownResponse } from '../../core/response.ts'
import { patienceMs, verdictOf } from './verdict.ts'

function attemptOf(change: Partial<Attempt> = {}): Attempt {
  const attempt: Attempt = {
    number: 1,
    kind: 'first',
    target: targetOf('a'),
    startedMs: 0,
    endedMs: 100,
    stalledMs: 0,
    outcome: undefined,
    status: undefined,
    detail: undefined,
    won: false,
  }
  return { ...attempt, ...change }
}

const answered = (status: number, outcome?: Attempt['outcome']) =>
  verdictOf(attemptOf({ outcome, status }), succeeded(ownResponse(status, [], undefined)), 0)
const failedWith = (code: FailureCode, upstreamStatus?: number) =>
  verdictOf(attemptOf(), failed(failure(code, 'so it is', { upstreamStatus })), 0)

describe('verdictOf', () => {
  it('counts 5xx against the target, unless the route calls it good', () => {
    assert.deepEqual([answered(500), answered(503), answered(500, 'success')], ['bad', 'bad', 'good'])
    assert.equal(failedWith('UPSTREAM_STATUS', 502), 'bad')
  })

  it('counts any other answer as healthy, whatever the route thinks of it', () => {
    assert.deepEqual([answered(404), answered(429), failedWith('UPSTREAM_STATUS', 404)], ['good', 'good', 'good'])
  })

  it('blames no target for an answer that the gateway had no memory for', () => {
    assert.equal(failedWith('OVERLOADED'), 'neither')
  })

  it('counts no connection, a broken one, silence and invalid HTTP against the target', () => {
    const codes = ['REFUSED', 'TLS', 'RESET', 'TIMEOUT', 'INVALID'] as const
    for (const code of codes.map((name) => `UPSTREAM_${name}` as const)) {
      assert.equal(failedWith(code), 'bad', code)
    }
  })

  it('says nothing about a target when the gateway stalled during the attempt', () => {
    const stalled = attemptOf({ startedMs: 50, endedMs: 3100, stalledMs: 2950 })
    for (const code of ['DEADLINE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_REFUSED', 'UPSTREAM_RESET'] as const) {
      assert.equal(verdictOf(stalled, failed(failure(code, 'late')), 0), 'neither', code)
    }
  })

  it('counts an answer across a stall, and silence across a short one, against the target', () => {
    const stalled = attemptOf({ endedMs: 3000, stalledMs: 2950 })
    const refused = failed(failure('UPSTREAM_STATUS', 'no', { upstreamStatus: 500 }))
    assert.equal(verdictOf(stalled, refused, 0), 'bad')
    const brief = attemptOf({ endedMs: 1000, stalledMs: 100 })
    assert.equal(verdictOf(brief, failed(failure('UPSTREAM_TIMEOUT', 'late')), 0), 'bad')
  })

  it('says nothing when the client, a lost race or the gateway ended the attempt', () => {
    for (const code of ['CLIENT_GONE', 'CANCELLED', 'BAD_REQUEST', 'BODY_TOO_LARGE', 'DRAINING'] as const) {
      assert.equal(failedWith(code), 'neither', code)
    }
  })

  it('says nothing when the gateway has run out of descriptors or ports', () => {
    assert.equal(failedWith('GATEWAY_EXHAUSTED'), 'neither')
  })

  it('counts a deadline only if the attempt had its time', () => {
    const over = failed(failure('DEADLINE', 'No good answer'))
    assert.equal(verdictOf(attemptOf({ endedMs: 99 }), over, 100), 'neither')
    assert.equal(verdictOf(attemptOf({ startedMs: 50, endedMs: 120 }), over, 100), 'neither')
    assert.equal(verdictOf(attemptOf({ endedMs: 100 }), over, 100), 'bad')
    assert.deepEqual([patienceMs(300), patienceMs(10_000)], [150, 1000])
  })
})
