import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, failureOf, textOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { abortCodes, hang, layerBench, sentMs, served } from '../../../test/kit/layers.ts'
import { failure } from '../../core/failure.ts'
import { anyExtraLoad, CallBudget } from '../../kit/budgets.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { type FirstRules } from './decide.ts'
import { first, firstStrategy } from './first.ts'

function firstOf(script: readonly Script[], rules: Partial<FirstRules> = {}) {
  return served((clock) => first({ calls: script.length, settle: 'success', ...rules }, clock), script)
}

const fails = (afterMs: number): Script => ({ afterMs, fails: 'UPSTREAM_STATUS' })

describe('first', () => {
  it('sends all its calls at once, as duplicates', async () => {
    const { clock, upstream } = firstOf([hang, hang, hang])
    await clock.advance(10)
    assert.deepEqual(sentMs(upstream), [0, 0, 0])
    assert.ok(upstream.seen.every(({ call }) => call.kind === 'duplicate'))
  })

  it('keeps the first good answer and aborts the losers', async () => {
    const { clock, upstream, answer } = firstOf([{ afterMs: 90 }, { afterMs: 40, body: '2' }, hang])
    await clock.advance(100)
    assert.equal(textOf(answer.outcome), '2')
    assert.equal(answer.settledMs, 40)
    assert.deepEqual(abortCodes(upstream), ['CANCELLED', undefined, 'CANCELLED'])
    assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
  })

  it('lets the winner stream on', async () => {
    const { clock, upstream, answer } = firstOf([{ afterMs: 20, bodyAfterMs: 300 }, { afterMs: 25 }])
    await clock.advance(20)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual([upstream.openCount, upstream.seen[1]?.aborted?.code], [1, 'CANCELLED'])
    await clock.runAll()
    assert.equal(upstream.openCount, 0)
  })

  for (const code of ['DEADLINE', 'CLIENT_GONE'] as const) {
    it(`ends with ${code} and aborts all if none has answered by then`, async () => {
      const { clock, upstream, call, answer } = firstOf([hang, fails(10), { afterMs: 500 }])
      clock.after(100, () => call.abort(failure(code, 'over')))
      await clock.advance(1000)
      assert.equal(codeOf(answer.outcome), code)
      assert.equal(answer.settledMs, 100)
      assert.deepEqual(abortCodes(upstream), [code, undefined, code])
    })
  }

  describe('settle: success', () => {
    it('skips failures', async () => {
      const { clock, answer } = firstOf([fails(10), { afterMs: 40, body: '2' }])
      await clock.advance(100)
      assert.equal(textOf(answer.outcome), '2')
    })

    it('fails only when all have failed, and reports each failure', async () => {
      const { clock, answer } = firstOf([{ afterMs: 90, fails: 'UPSTREAM_RESET' }, fails(10)])
      await clock.advance(89)
      assert.equal(answer.outcome, undefined)
      await clock.advance(1)
      assert.match(failureOf(answer.outcome).detail, /All 2 attempts failed: fake UPSTREAM_RESET; fake UPSTREAM_STATUS/)
    })

    it('returns the one failure of a single call unchanged', async () => {
      const { clock, answer } = firstOf([fails(10)])
      await clock.advance(10)
      assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_STATUS')
    })
  })

  describe('settle: response', () => {
    it('lets the first to end decide, even if it failed', async () => {
      const { clock, upstream, answer } = firstOf([{ afterMs: 40 }, fails(10)], { settle: 'response' })
      await clock.advance(100)
      assert.equal(codeOf(answer.outcome), 'UPSTREAM_STATUS')
      assert.equal(answer.settledMs, 10)
      assert.deepEqual(abortCodes(upstream), ['CANCELLED', undefined])
    })

    it('returns a good answer that arrives before a failure', async () => {
      const { clock, answer } = firstOf([{ afterMs: 10, body: '1' }, fails(40)], { settle: 'response' })
      await clock.advance(100)
      assert.equal(textOf(answer.outcome), '1')
    })
  })

  it('sends two by default', () => {
    const { calls, settle } = firstStrategy.options.parse({ upstream: 'work' })
    assert.deepEqual([calls, settle], [2, 'success'])
  })
})

describe('first with a budget', () => {
  it("sends further calls within its budget and the upstream's, and returns what is unused", async () => {
    const budget = new CallBudget({ share: 0, floor: 2 })
    const rules = { calls: 3, settle: 'success', budget: 1 } as const
    const { clock, upstream, send } = layerBench(
      (virtual) => first(rules, virtual, new SharedMemory(), { ...anyExtraLoad, budget }),
      (index) => (index < 4 ? hang : { afterMs: 10 }),
    )
    const calls = [send(), send()]
    await clock.advance(5)
    assert.equal(upstream.seen.length, 3 + 1)
    assert.deepEqual(
      calls.map(({ events }) => events.length),
      [0, 1],
    )
    for (const { call } of calls) call.abort(failure('CLIENT_GONE', 'gone'))
    await clock.advance(0)
    assert.equal(budget.extraInFlight, 0)
    const { answer } = send()
    await clock.advance(20)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.equal(upstream.seen.length, 4 + 3)
  })
})
