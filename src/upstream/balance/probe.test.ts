import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { targetOf } from '../../../test/kit/calls.ts'
import { FakeUpstream } from '../../../test/kit/fake-upstream.ts'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { httpProbe } from './probe.ts'

function asked() {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock)
  const probe = httpProbe(upstream.service, clock, { path: '/load', timeoutMs: 500 })
  const report = probe(targetOf('a'))
  const [exchange] = upstream.seen
  assert.ok(exchange !== undefined)
  return { clock, report, exchange }
}

describe('a probe', () => {
  it('sends GET for its path to the target, within its time limit', async () => {
    const { clock, report, exchange } = asked()
    const { request, call } = exchange
    assert.deepEqual([request.method, request.path, request.attempt?.target.name], ['GET', '/load', 'a'])
    assert.equal(call.remainingMs(), 500)
    exchange.answer(200)
    await report
    assert.equal(clock.pendingCount, 0)
  })

  for (const [headers, expected] of [
    [['X-Load-In-Flight', '7', 'x-load-latency-ms', '12.5'], { inFlight: 7, latencyMs: 12.5 }],
    [['x-load-in-flight', '0'], { inFlight: 0, latencyMs: undefined }],
    [['x-load-in-flight', '3', 'x-load-latency-ms', 'fast'], { inFlight: 3, latencyMs: undefined }],
    [['x-load-in-flight', '-1'], 'mute'],
    [['x-load-in-flight', '1e9'], 'mute'],
    [[], 'mute'],
  ] as const) {
    it(`reads ${JSON.stringify(expected)} from ${JSON.stringify(headers)}`, async () => {
      const clock = new VirtualClock()
      const upstream = new FakeUpstream(clock, [{ afterMs: 1, status: 204, headers, bodyAfterMs: 5 }])
      const report = httpProbe(upstream.service, clock, { path: '/load', timeoutMs: 500 })(targetOf('a'))
      await clock.advance(1)
      assert.deepEqual(await report, expected)
      assert.equal(upstream.seen[0]?.discarded, true)
      assert.equal(clock.pendingCount, 0)
    })
  }

  for (const status of [404, 429, 500, 501, 503]) {
    it(`treats ${status} as an answer without a load report`, async () => {
      const { report, exchange } = asked()
      exchange.answer(status)
      assert.equal(await report, 'mute')
    })
  }

  it('ends when the target does not answer in time or is unreachable', async () => {
    const late = asked()
    await late.clock.advance(500)
    assert.equal(await late.report, undefined)
    assert.equal(late.exchange.aborted?.code, 'UPSTREAM_TIMEOUT')
    const refused = asked()
    refused.exchange.fail('UPSTREAM_REFUSED')
    await settled()
    assert.equal(await refused.report, undefined)
    assert.equal(refused.clock.pendingCount, 0)
  })
})
