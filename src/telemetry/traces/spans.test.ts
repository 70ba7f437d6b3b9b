import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HrTime } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { Redaction } from '../redact.ts'
import { Spans } from './spans.ts'

/** Whole milliseconds, like `Date.now`. */
class WholeMilliseconds extends VirtualClock {
  override wallNow(): number {
    return Math.floor(super.wallNow())
  }
}

const end = { status: 200, failure: undefined, bytesSent: 0 }
const microseconds = ([seconds, nanoseconds]: HrTime): number => seconds * 1e6 + nanoseconds / 1e3

describe('the spans of a call', () => {
  it('use one reading of the wall clock, even for attempts that end after the call', async () => {
    const clock = new WholeMilliseconds()
    const made: ReadableSpan[] = []
    const processor = {
      onStart: () => {},
      onEnd: (span: ReadableSpan) => made.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    }
    const spans = new Spans({
      processor,
      clock,
      serviceName: 'edge',
      redaction: new Redaction({ headers: [], query: [] }),
    })
    const trace = {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      parentSpanId: undefined,
      state: '',
      attempts: [],
      detached: false,
      startedAtWallMs: undefined,
    }
    const route = { name: 'GET /', strategy: 'hedge', idleTimeoutMs: 0 }
    const call = new LiveCall({ id: 'call-1', route, clock, events: new EventBus(), trace })
    const attempt = call.begin(targetOf('server1'))
    await clock.advance(50.9)
    spans.ofCall(requestOf(), call, end, trace)
    await clock.advance(0.2)
    attempt.endedMs = call.elapsedMs()
    spans.ofAttempt({ attempt, spanId: '3'.repeat(16), method: 'GET' }, call, trace)

    const [ofCall, ofAttempt] = made
    assert.ok(ofCall !== undefined && ofAttempt !== undefined)
    assert.equal(microseconds(ofAttempt.startTime), microseconds(ofCall.startTime))
    assert.equal(microseconds(ofAttempt.endTime) - microseconds(ofCall.endTime), 200)
  })
})
