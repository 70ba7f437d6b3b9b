import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, requestOf, targetOf } from '../../test/kit/calls.ts'
import { FakeUpstream, type Script } from '../../test/kit/fake-upstream.ts'
import { hang } from '../../test/kit/layers.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { type AttemptOutcome, attemptOutcomes } from '../core/attempt.ts'
import { type FailureCode, failure, failureCodes } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import { targetRequest } from '../core/request.ts'
import type { TargetLayer } from '../core/service.ts'
import { attemptTelemetry } from './attempt-telemetry.ts'

function observed(script: Script, inside?: TargetLayer) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, [script])
  const { call, events } = callOf(clock)
  const attempt = call.begin(targetOf('b1'))
  const layer = attemptTelemetry({ clock, statusCounts: (status) => status < 400 && status !== 302 })
  const outcome = layer(inside?.(upstream.service) ?? upstream.service)(targetRequest(requestOf(), attempt), call)
  return { clock, call, events, attempt, outcome }
}

const seen = new Set<AttemptOutcome>()

describe('attemptTelemetry', () => {
  it('reports the start and the end of an attempt, and its duration', async () => {
    const { clock, events, attempt } = observed({ afterMs: 30 })
    assert.deepEqual(
      events.map(({ type }) => type),
      ['attempt.started'],
    )
    assert.deepEqual([attempt.endedMs, attempt.outcome], [undefined, undefined])
    await clock.advance(100)
    assert.deepEqual(events, [
      { type: 'attempt.started', attempt },
      { type: 'attempt.ended', attempt },
    ])
    assert.deepEqual([attempt.startedMs, attempt.endedMs], [0, 30])
  })

  it('records how much of an attempt the event loop was blocked', async () => {
    const { clock, attempt } = observed({ afterMs: 30 })
    clock.stall(3000)
    await clock.advance(0)
    assert.equal(attempt.stalledMs, 3000)
  })

  it('reports the end of an attempt that throws', async () => {
    const broken: TargetLayer = () => () => Promise.reject(new Error('a fault'))
    const { events, attempt, outcome } = observed({ afterMs: 1 }, broken)
    await assert.rejects(outcome, /a fault/)
    assert.deepEqual(events.at(-1), { type: 'attempt.ended', attempt })
    assert.deepEqual([attempt.endedMs, attempt.outcome], [0, 'cancelled'])
  })

  it('returns the outcome unchanged', async () => {
    const { clock, outcome } = observed({ afterMs: 1, status: 418 })
    await clock.advance(1)
    const given = await outcome
    assert.equal(given.ok && given.response.status, 418)
  })

  for (const [status, outcome] of [
    [101, 'success'],
    [200, 'success'],
    [204, 'success'],
    [302, 'invalid'],
    [400, 'client_error'],
    [404, 'client_error'],
    [429, 'rate_limited'],
    [500, 'server_error'],
    [503, 'server_error'],
  ] as const) {
    it(`records ${outcome} for an answer with ${status}`, async () => {
      const { clock, attempt } = observed({ afterMs: 1, status })
      await clock.advance(1)
      assert.deepEqual([attempt.outcome, attempt.status, attempt.detail], [outcome, status, undefined])
      seen.add(outcome)
    })

    if (outcome === 'success') continue
    it(`records ${outcome} for a failure with status ${status}`, async () => {
      const reason = failure('UPSTREAM_STATUS', `b1: status ${status}`, { upstreamStatus: status })
      const { clock, attempt } = observed(hang, () => () => Promise.resolve(failed(reason)))
      await clock.advance(1)
      assert.deepEqual([attempt.outcome, attempt.status, attempt.detail], [outcome, status, reason.detail])
    })
  }

  const ofCode: Readonly<Partial<Record<FailureCode, AttemptOutcome>>> = {
    UPSTREAM_REFUSED: 'refused',
    UPSTREAM_TLS: 'tls_error',
    UPSTREAM_RESET: 'reset',
    UPSTREAM_INVALID: 'invalid',
    UPSTREAM_TIMEOUT: 'timeout',
    DEADLINE: 'timeout',
    GATEWAY_EXHAUSTED: 'gateway_exhausted',
    BAD_REQUEST: 'client_error',
    BODY_TOO_LARGE: 'client_error',
    CLIENT_GONE: 'cancelled',
    CANCELLED: 'cancelled',
  }
  for (const [code, outcome] of Object.entries(ofCode) as [FailureCode, AttemptOutcome][]) {
    it(`records ${outcome} for a failure with ${code}`, async () => {
      const { clock, attempt } = observed({ afterMs: 1, fails: code })
      await clock.advance(1)
      assert.deepEqual([attempt.outcome, attempt.status, attempt.detail], [outcome, undefined, `fake ${code}`])
      seen.add(outcome)
    })
  }

  it('records why and when an attempt was aborted', async () => {
    const { clock, call, events, attempt } = observed(hang)
    clock.after(40, () => call.abort(failure('DEADLINE', 'over')))
    await clock.advance(40)
    assert.deepEqual([attempt.outcome, attempt.endedMs, events.length], ['timeout', 40, 2])
  })

  it('has a known outcome for every failure code', async () => {
    for (const code of Object.keys(failureCodes) as FailureCode[]) {
      const { clock, attempt } = observed({ afterMs: 1, fails: code })
      await clock.advance(1)
      assert.ok(attemptOutcomes.includes(attempt.outcome as AttemptOutcome), code)
    }
  })

  it('covers every outcome in these tests', () => {
    assert.deepEqual([...seen].toSorted(), attemptOutcomes.toSorted())
  })
})
