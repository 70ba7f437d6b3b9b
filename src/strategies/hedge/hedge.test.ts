import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, failureOf, requestOf, textOf, watch } from '../../../test/kit/calls.ts'
import { FakeUpstream, type Script } from '../../../test/kit/fake-upstream.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { hedge } from './hedge.ts'
import { hedgeOptions } from './options.ts'

type OptionsInput = Omit<Parameters<typeof hedgeOptions.parse>[0] & object, 'upstream'>

function hedged(script: readonly Script[], options: OptionsInput = {}, request: Partial<GatewayRequest> = {}) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, script)
  const rules = hedgeOptions.parse({ upstream: 'work', after: '300ms', extra: 2, budget: 'unlimited', ...options })
  const { call, events } = callOf(clock)
  const answer = watch(hedge(rules, clock)(upstream.service)(requestOf(request), call), clock)
  return { clock, upstream, call, events, answer }
}

describe('hedge', () => {
  it('sends one attempt while the first is in time', async () => {
    const { clock, upstream, answer } = hedged([{ afterMs: 299, body: '1' }])
    await clock.advance(1000)
    assert.equal(textOf(answer.outcome), '1')
    assert.equal(answer.settledMs, 299)
    assert.equal(upstream.seen.length, 1)
    assert.equal(clock.pendingCount, 0)
  })

  it('sends the extras at once when the first is late, and keeps the first good answer of all', async () => {
    const { clock, upstream, answer, events } = hedged([
      { afterMs: 301, body: '1' },
      { afterMs: 50, body: '2' },
      { afterMs: 60, body: '3' },
    ])
    await clock.advance(300)
    assert.deepEqual(
      upstream.seen.map(({ sentMs }) => sentMs),
      [0, 300, 300],
    )
    await clock.advance(700)
    assert.equal(textOf(answer.outcome), '1')
    assert.equal(answer.settledMs, 301)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['hedge.sent'],
    )
  })

  it('aborts the losers as soon as one has won', async () => {
    const { clock, upstream } = hedged([{ hangs: true, afterMs: 0 }, { afterMs: 20, body: '2' }, { afterMs: 500 }])
    await clock.advance(320)
    assert.deepEqual(
      upstream.seen.map(({ aborted }) => aborted?.code),
      ['CANCELLED', undefined, 'CANCELLED'],
    )
    assert.equal(upstream.openCount, 0)
  })

  it('sends the extras at once when the first fails', async () => {
    const { clock, upstream, answer } = hedged([
      { afterMs: 50, fails: 'UPSTREAM_RESET' },
      { afterMs: 30, body: '2' },
    ])
    await clock.advance(80)
    assert.deepEqual(
      upstream.seen.map(({ sentMs }) => sentMs),
      [0, 50, 50],
    )
    assert.equal(textOf(answer.outcome), '2')
  })

  it('tells how each failed when all have', async () => {
    const { clock, answer } = hedged([
      { afterMs: 10, fails: 'UPSTREAM_STATUS' },
      { afterMs: 10, fails: 'UPSTREAM_RESET' },
      { afterMs: 20, fails: 'UPSTREAM_REFUSED' },
    ])
    await clock.advance(30)
    const { code, detail } = failureOf(answer.outcome)
    assert.equal(code, 'UPSTREAM_REFUSED')
    assert.match(detail, /All 3 attempts failed: fake UPSTREAM_STATUS; fake UPSTREAM_RESET; fake UPSTREAM_REFUSED/)
  })
})
