import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attempt, call, callbackCall, failedCall, hedgedCall } from '../../../test/browser/fake-data.ts'
import { labelOf, sentenceOf } from './sentence.ts'

const statusFailure = { code: 'UPSTREAM_STATUS', detail: 'server1: status 500' } as const

describe('the sentence of a call', () => {
  it('names each backend that failed, how, and the answer to the client', () => {
    assert.equal(
      sentenceOf(failedCall),
      'server1 answered 500 after 120 ms; the hedge at server2 was refused; ' +
        'the hedge at server3 had not answered after 879 ms, when the deadline came; ' +
        'nothing was left within 1000 ms, so the client got 504.',
    )
  })

  it('begins with the wait for a turn, if it was long', () => {
    assert.equal(sentenceOf(call({ queuedMs: 90 })), 'It waited 90 ms for its turn; server1 answered 200 after 120 ms.')
    assert.equal(sentenceOf(call({ queuedMs: 0.4 })), 'server1 answered 200 after 120 ms.')
  })

  it('mentions a wait only once if nothing else happened', () => {
    const detail = 'No good answer within 1000 ms, of which it waited 1000 ms for its turn'
    const failure = { code: 'DEADLINE', detail } as const
    assert.equal(
      sentenceOf(call({ queuedMs: 1000, status: 504, failure, attempts: [] })),
      `No backend was asked: ${detail}; the client got 504.`,
    )
  })

  it('names a single backend that failed without retry', () => {
    const failed = attempt(1, { outcome: 'refused', status: undefined, detail: 'server1: connection refused' })
    const failure = { code: 'UPSTREAM_REFUSED', detail: 'server1: connection refused' } as const
    assert.equal(
      sentenceOf(call({ status: 502, failure, attempts: [failed] })),
      'server1 refused the connection; no further attempt was made, so the client got 502.',
    )
  })

  it('names the winner, and the attempts cancelled for it', () => {
    assert.equal(
      sentenceOf(hedgedCall),
      'The attempt at server1 was cancelled after 421 ms, as attempt 2 won; the hedge at server2 answered 200 after 120 ms and won; ' +
        'the hedge at server3 was cancelled after 121 ms, as attempt 2 won.',
    )
  })

  it('describes a plain call plainly', () => {
    assert.equal(sentenceOf(call()), 'server1 answered 200 after 120 ms.')
  })

  it('says that a bad answer was passed on', () => {
    const attempts = [attempt(1, { outcome: 'server_error', status: 500, won: true })]
    assert.equal(
      sentenceOf(call({ status: 500, attempts })),
      'server1 answered 500 after 100 ms, and that went to the client.',
    )
  })

  it('says that the answer broke off after its head was passed on', () => {
    const failure = { code: 'UPSTREAM_RESET', detail: 'server1: connection reset.' } as const
    assert.equal(
      sentenceOf(call({ failure, attempts: [attempt(1, { won: true })] })),
      'server1 answered 200 after 100 ms; but then it broke: server1: connection reset; the client got 200 and no whole answer.',
    )
  })

  it('distinguishes attempts that hit their own timeout from those ended by the deadline', () => {
    const late = attempt(1, { outcome: 'timeout', status: undefined, endedMs: 300 })
    const text = sentenceOf(
      call({
        status: 502,
        failure: statusFailure,
        attempts: [
          late,
          attempt(2, { kind: 'retry', startedMs: 300, endedMs: 350, outcome: 'server_error', status: 500 }),
        ],
      }),
    )
    assert.match(text, /^server1 gave no answer within 300 ms; the retry at server2 answered 500 after 50 ms;/)
  })

  it('describes the result of a callback call', () => {
    assert.equal(
      sentenceOf(callbackCall),
      'async answered 202 after 1 ms; its result had not come after 5000 ms, so the client got 503.',
    )
    const over = { code: 'WAIT_OVER', detail: 'No result within the 2 s that the client would wait' } as const
    assert.equal(
      sentenceOf({ ...callbackCall, durationMs: 2000, failure: over }),
      'async answered 202 after 1 ms; its result had not come after 2000 ms, as long as the client would wait, ' +
        'so the client got 503.',
    )
    assert.equal(
      sentenceOf({ ...callbackCall, durationMs: 800, status: 200, failure: undefined }),
      'async answered 202 after 1 ms; the client got 200 after 800 ms.',
    )
    const silent = attempt(1, { target: 'async', endedMs: 5000, outcome: 'timeout', status: undefined })
    assert.match(sentenceOf({ ...callbackCall, attempts: [silent] }), /; nothing was left within 5000 ms, so/)
  })

  it('adds only the details of the failure that the attempts do not show', () => {
    const at = (number: number, change: object) => attempt(number, { target: 'work', endedMs: 2, ...change })
    const refused = { outcome: 'refused', status: undefined, detail: 'work: connection refused' } as const
    const ofAll = (...details: readonly string[]) =>
      ({
        code: 'UPSTREAM_REFUSED',
        detail: `All ${details.length} attempts failed: ${details.join('; ')}`,
      }) as const
    assert.equal(
      sentenceOf(
        call({
          status: 502,
          attempts: [1, 2, 3].map((number) => at(number, refused)),
          failure: ofAll(...Array<string>(3).fill('work: connection refused')),
        }),
      ),
      'work refused the connection; the hedge at work was refused; the hedge at work was refused; ' +
        'no further attempt was made, so the client got 502.',
    )
    const unknown = { ...refused, detail: 'work: name does not resolve' }
    const mixed = [
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
    assert.match(
      sentenceOf(call({ status: 502, attempts: mixed, failure })),
      /was refused; work: name does not resolve; no further attempt was made, so the client got 502\.$/,
    )
  })

  it('says that no backend was asked, and why', () => {
    const failure = { code: 'BAD_TIMEOUT', detail: 'timeout is "abc"; allowed: 1 to 60000.' } as const
    assert.equal(
      sentenceOf(call({ status: 400, failure, attempts: [] })),
      'No backend was asked: timeout is "abc"; allowed: 1 to 60000; the client got 400.',
    )
  })

  it('says that the client hung up', () => {
    const cut = attempt(1, { outcome: 'cancelled', status: undefined })
    const failure = { code: 'CLIENT_GONE', detail: 'The client hung up' } as const
    assert.equal(
      sentenceOf(call({ status: 0, failure, attempts: [cut] })),
      'The attempt at server1 was cancelled after 100 ms; the client hung up after 120 ms, before it had its answer.',
    )
  })

  it('leaves out the middle of many attempts', () => {
    const attempts = Array.from({ length: 20 }, (_, i) =>
      attempt(i + 1, { kind: i === 0 ? 'first' : 'retry', outcome: 'server_error', status: 500 }),
    )
    const text = sentenceOf(call({ status: 502, failure: statusFailure, attempts }))
    assert.match(text, /; 15 more ended; the retry at server20 answered 500/)
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
      'gave no answer within 100 ms',
      'refused',
      'could not be reached over TLS',
      'broke off the connection after 100 ms',
      'answered 500 after 100 ms',
      'answered with an error after 100 ms',
      'answered with an error after 100 ms',
      'gave an answer that does not count after 100 ms',
      'sent nothing, as the gateway had run out of resources',
      'cancelled, as attempt 2 won',
      'still under way when the call ended',
    ])
  })
})
