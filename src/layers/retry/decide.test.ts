import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decideRetry, type RetryFacts } from './decide.ts'

const facts: RetryFacts = {
  failure: { retry: 'unsafe', retryAfterMs: undefined },
  idempotent: true,
  replayable: true,
  attemptsMade: 1,
  attemptsAllowed: 3,
  backoffMs: 20,
  remainingMs: 1000,
}

function waitOf(change: Partial<RetryFacts>): number | undefined {
  const decision = decideRetry({ ...facts, ...change })
  return decision.retry ? decision.waitMs : undefined
}

describe('decideRetry', () => {
  const verdict = (retry: 'safe' | 'unsafe' | 'no', retryAfterMs?: number) => ({ retry, retryAfterMs })
  const cases: readonly (readonly [string, Partial<RetryFacts>, number | undefined])[] = [
    ['leaves a good answer alone', { failure: undefined }, undefined],
    ['repeats a request that a target may have seen if it is idempotent', {}, 20],
    ['does not repeat a non-idempotent one', { idempotent: false }, undefined],
    ['repeats a request that no target has seen', { failure: verdict('safe'), idempotent: false }, 20],
    ['does not repeat a request that would fail again', { failure: verdict('no') }, undefined],
    ['does not repeat a request whose body is gone', { replayable: false }, undefined],
    ['does not repeat it even if no target has seen it', { failure: verdict('safe'), replayable: false }, undefined],
    ['uses its last attempt', { attemptsMade: 2 }, 20],
    ['never exceeds its attempts', { attemptsMade: 3 }, undefined],
    ['waits as long as the target asks', { failure: verdict('unsafe', 700) }, 700],
    ['waits for its backoff if the target asks for less', { failure: verdict('unsafe', 5) }, 20],
    ['waits up to just before the deadline', { failure: verdict('unsafe', 999) }, 999],
    ['gives up if the target asks for all the remaining time', { failure: verdict('unsafe', 1000) }, undefined],
    ['gives up if the backoff takes all the remaining time', { remainingMs: 20 }, undefined],
    ['gives up after the deadline', { remainingMs: 0, backoffMs: 0 }, undefined],
    ['waits any time without a deadline', { remainingMs: Number.POSITIVE_INFINITY, backoffMs: 1e6 }, 1e6],
  ]
  for (const [what, change, waitMs] of cases) {
    it(what, () => assert.equal(waitOf(change), waitMs))
  }

  it('never waits past the deadline, less than asked, or past its attempts', () => {
    const ms = fc.nat(2000)
    const arbitrary = fc.record({
      failure: fc.record({
        retry: fc.constantFrom('safe', 'unsafe', 'no'),
        retryAfterMs: fc.option(ms, { nil: undefined }),
      }),
      idempotent: fc.boolean(),
      replayable: fc.boolean(),
      attemptsMade: fc.integer({ min: 1, max: 6 }),
      attemptsAllowed: fc.integer({ min: 2, max: 5 }),
      backoffMs: ms,
      remainingMs: ms,
    })
    fc.assert(
      fc.property(arbitrary, (facts) => {
        const decision = decideRetry(facts)
        if (!decision.retry) return
        assert.ok(decision.waitMs < facts.remainingMs)
        assert.ok(decision.waitMs >= facts.backoffMs && decision.waitMs >= (facts.failure.retryAfterMs ?? 0))
        assert.ok(facts.attemptsMade < facts.attemptsAllowed && facts.replayable)
        assert.ok(facts.failure.retry === 'safe' || (facts.failure.retry === 'unsafe' && facts.idempotent))
      }),
    )
  })
})
