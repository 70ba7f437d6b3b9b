import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attempt, call, callbackCall, failedCall, hedgedCall } from '../../../test/browser/fake-data.ts'
import { labelOf } from './result.ts'
import { sentenceOf } from './sentence.ts'

const statusFailure = { code: 'UPSTREAM_STATUS', detail: 'server1: status 500' } as const

describe('the sentence of a call', () => {
  const timeout = { outcome: 'timeout', status: undefined } as const
  const refused = { outcome: 'refused', status: undefined, detail: 'work: connection refused' } as const
  const deadline = { code: 'DEADLINE', detail: 'No good answer within 650 ms' } as const
  const at = (number: number, change: Parameters<typeof attempt>[1]) =>
    attempt(number, { target: 'work', endedMs: 650, ...change })

  it('names a target once, and counts its attempts, if none answered by the deadline', () => {
    const attempts = [1, 2, 3].map((number) => at(number, timeout))
    const silent = call({ status: 503, deadlineMs: 650, durationMs: 651, failure: deadline, attempts })
    assert.equal(
      sentenceOf(silent),
      'No answer from work within the 650 ms deadline (3 attempts: 1 first, 2 hedges). The client got 503.',
    )
    assert.equal(
      sentenceOf({ ...silent, attempts: attempts.slice(0, 1) }),
      'No answer from work within the 650 ms deadline. The client got 503.',
    )
  })

  it('says what each target did if the answers by the deadline were not good', () => {
    assert.equal(
      sentenceOf(failedCall),
      'No good answer within the 1000 ms deadline (3 attempts: 1 first, 2 hedges): ' +
        'server1 answered 500, server2 refused the connection, server3 did not answer. The client got 504.',
    )
    const attempts = [at(1, { outcome: 'server_error', status: 500 }), at(2, timeout), at(3, timeout)]
    assert.equal(
      sentenceOf(call({ status: 503, deadlineMs: 650, failure: deadline, attempts })),
      'No good answer from work within the 650 ms deadline (3 attempts: 1 first, 2 hedges): ' +
        '1 answered 500, 2 did not answer. The client got 503.',
    )
    assert.equal(
      sentenceOf(call({ status: 500, deadlineMs: 650, failure: deadline, attempts: [at(1, {}), at(2, timeout)] })),
      '1 of 2 attempts had no good answer within the 650 ms deadline: work did not answer. The client got 500.',
    )
  })

  it('begins with the wait for a turn, if it was long', () => {
    assert.equal(
      sentenceOf(call({ queuedMs: 90 })),
      'The call waited 90 ms for its turn. server1 answered 200 after 120 ms.',
    )
    assert.equal(sentenceOf(call({ queuedMs: 0.4 })), 'server1 answered 200 after 120 ms.')
  })

  it('mentions a wait only once if nothing else happened', () => {
    const detail = 'No good answer within 1000 ms, of which it waited 1000 ms for its turn'
    const failure = { code: 'DEADLINE', detail } as const
    assert.equal(
      sentenceOf(call({ queuedMs: 1000, status: 504, failure, attempts: [] })),
      `No attempt was made: ${detail}. The client got 504.`,
    )
  })

  it('names a single target that failed without retry', () => {
    const failure = { code: 'UPSTREAM_REFUSED', detail: 'work: connection refused' } as const
    assert.equal(
      sentenceOf(call({ status: 502, failure, attempts: [at(1, refused)] })),
      'work refused the connection. The client got 502.',
    )
  })

  it('names the winner, and counts the attempts cancelled for it', () => {
    assert.equal(
      sentenceOf(hedgedCall),
      'server2 won with 200 after 420 ms (attempt 2, a hedge). 2 other attempts were cancelled.',
    )
  })

  it('describes a plain call plainly', () => {
    assert.equal(sentenceOf(call()), 'server1 answered 200 after 120 ms.')
  })

  it('says that a bad answer was passed on', () => {
    const attempts = [attempt(1, { outcome: 'server_error', status: 500, won: true })]
    assert.equal(
      sentenceOf(call({ status: 500, attempts })),
      'server1 answered 500 after 100 ms, passed on to the client.',
    )
  })

  it('says that the answer broke off after its head was passed on', () => {
    const failure = { code: 'UPSTREAM_RESET', detail: 'server1: connection reset.' } as const
    assert.equal(
      sentenceOf(call({ failure, attempts: [attempt(1, { won: true })] })),
      'server1 answered 200, but then it broke off: server1: connection reset. ' +
        'The client got 200 and an incomplete answer.',
    )
  })

  it('distinguishes attempts that hit their own timeout from those ended by the deadline', () => {
    const attempts = [
      attempt(1, { ...timeout, endedMs: 301, detail: 'no answer within 300 ms' }),
      attempt(2, { kind: 'retry', startedMs: 300, endedMs: 350, outcome: 'server_error', status: 500 }),
    ]
    assert.equal(
      sentenceOf(call({ status: 502, failure: statusFailure, attempts })),
      'All 2 attempts failed (1 first, 1 retry): server1 did not answer within 300 ms, server2 answered 500. ' +
        'The client got 502.',
    )
  })

  it('counts only the failed attempts if another one succeeded', () => {
    const attempts = [
      at(1, { kind: 'duplicate' }),
      at(2, { kind: 'duplicate', outcome: 'server_error', status: 500, detail: 'work: status 500' }),
    ]
    assert.equal(
      sentenceOf(call({ status: 500, failure: statusFailure, attempts })),
      '1 of 2 attempts failed: work answered 500. The client got 500.',
    )
  })

  it('counts the attempts cancelled because another one failed', () => {
    const attempts = [
      at(1, { kind: 'duplicate', outcome: 'server_error', status: 500, endedMs: 122 }),
      at(2, { kind: 'duplicate', outcome: 'cancelled', status: undefined, detail: 'Another attempt decided the call' }),
    ]
    assert.equal(
      sentenceOf(call({ status: 500, failure: statusFailure, attempts })),
      'work answered 500 after 122 ms. 1 other attempt was cancelled. The client got 500.',
    )
  })

  it('describes the result of a callback call', () => {
    assert.equal(
      sentenceOf(callbackCall),
      'async answered 202 after 1 ms. No result came within the 5000 ms deadline. The client got 503.',
    )
    const over = { code: 'WAIT_OVER', detail: 'No result within the 2 s that the client would wait' } as const
    assert.equal(
      sentenceOf({ ...callbackCall, durationMs: 2000, failure: over }),
      'async answered 202 after 1 ms. No result came within the 2000 ms that the client would wait. The client got 503.',
    )
    assert.equal(
      sentenceOf({ ...callbackCall, durationMs: 800, status: 200, failure: undefined }),
      'async answered 202 after 1 ms. The client got 200 after 800 ms.',
    )
    const silent = attempt(1, { target: 'async', endedMs: 5000, ...timeout })
    assert.equal(
      sentenceOf({ ...callbackCall, attempts: [silent] }),
      'No answer from async within the 5000 ms deadline. The client got 503.',
    )
  })

  it('gives each reason once', () => {
    const ofAll = (...details: readonly string[]) =>
      ({ code: 'UPSTREAM_REFUSED', detail: `All ${details.length} attempts failed: ${details.join('; ')}` }) as const
    const three = [1, 2, 3].map((number) => at(number, refused))
    assert.equal(
      sentenceOf(
        call({ status: 502, attempts: three, failure: ofAll(...Array<string>(3).fill('work: connection refused')) }),
      ),
      'work refused the connection 3 times (1 first, 2 hedges). The client got 502.',
    )
    const unknown = { ...refused, detail: 'work: name does not resolve' }
    const attempts = [
      at(1, { outcome: 'server_error', status: 500 }),
      at(2, { outcome: 'reset', status: undefined }),
      at(3, unknown),
      at(4, unknown),
    ]
    const failure = ofAll(
      'work: status 500',
      'work: connection reset before its answer',
      'work: name does not resolve',
      'work: name does not resolve',
    )
    assert.equal(
      sentenceOf(call({ status: 502, attempts, failure })),
      'All 4 attempts at work failed (1 first, 3 hedges): 1 answered 500, 1 reset the connection, ' +
        '2 could not be reached (name does not resolve). The client got 502.',
    )
  })

  it('gives the reason of the failure if no attempt shows it', () => {
    const failure = { code: 'UPSTREAM_INVALID', detail: 'The answers do not agree.' } as const
    assert.equal(
      sentenceOf(call({ status: 502, failure, attempts: [at(1, {}), at(2, {})] })),
      'work answered 200 twice (1 first, 1 hedge). The answers do not agree. The client got 502.',
    )
  })

  it('says that no attempt was made, and why', () => {
    const failure = { code: 'BAD_TIMEOUT', detail: 'timeout is "abc"; allowed: 1 to 60000.' } as const
    assert.equal(
      sentenceOf(call({ status: 400, failure, attempts: [] })),
      'No attempt was made: timeout is "abc"; allowed: 1 to 60000. The client got 400.',
    )
  })

  it('says that the client hung up', () => {
    const cut = attempt(1, { outcome: 'cancelled', status: undefined })
    const failure = { code: 'CLIENT_GONE', detail: 'The client hung up' } as const
    assert.equal(
      sentenceOf(call({ status: 0, failure, attempts: [cut] })),
      'The client hung up after 120 ms, before it had its answer. 1 attempt was cancelled.',
    )
  })

  it('stays short with many attempts', () => {
    const twenty = (statusOf: (i: number) => number) =>
      Array.from({ length: 20 }, (_, i) =>
        attempt(i + 1, { kind: i === 0 ? 'first' : 'retry', outcome: 'server_error', status: statusOf(i) }),
      )
    const attempts = twenty((i) => 500 + i)
    assert.equal(
      sentenceOf(call({ status: 502, failure: statusFailure, attempts })),
      'All 20 attempts failed (1 first, 19 retries): server1 answered 500, server2 answered 501, ' +
        'server3 answered 502, and 17 other results. The client got 502.',
    )
    const alike = twenty(() => 500)
    assert.equal(
      sentenceOf(call({ status: 502, failure: statusFailure, attempts: alike })),
      'server1, server2, server3 and 17 others answered 500 (20 attempts: 1 first, 19 retries). The client got 502.',
    )
  })

  it('has a label that fits beside a bar for every kind of end', () => {
    const outcomes = [
      'success',
      'timeout',
      'refused',
      'tls_error',
      'reset',
      'server_error',
      'client_error',
      'rate_limited',
      'invalid',
      'gateway_exhausted',
      'cancelled',
      undefined,
    ] as const
    const labels = outcomes.map((outcome) =>
      labelOf(attempt(2, { outcome, status: outcome === 'server_error' ? 500 : undefined }), hedgedCall),
    )
    assert.deepEqual(labels, [
      'answered well after 100 ms',
      'did not answer within 100 ms',
      'refused the connection',
      'failed the TLS handshake after 100 ms',
      'reset the connection after 100 ms',
      'answered 500 after 100 ms',
      'answered with an error after 100 ms',
      'answered with an error after 100 ms',
      'sent an answer that does not count after 100 ms',
      'sent nothing: the gateway had run out of resources',
      'cancelled, as attempt 2 won',
      'still open when the call ended',
    ])
  })
})
