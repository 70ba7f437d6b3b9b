import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { type FailureCode, failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { Redaction } from '../redact.ts'
import { maxAttempts, maxUrlLength, record, sizeOf } from './recorded-call.ts'
import { Recorder } from './recorder.ts'

interface Ended {
  readonly id?: string
  readonly route?: string
  readonly ms?: number
  readonly status?: number
  readonly code?: FailureCode
  readonly detail?: string
  readonly request?: Partial<GatewayRequest>
  readonly attempts?: number
}

const facts = { name: 'GET /a', strategy: 'test', idleTimeoutMs: 0 }
const all = { which: undefined, route: undefined, limit: 10_000 }
const failed = { ...all, which: 'failed' } as const
const slow = { ...all, which: 'slow' } as const

function opened() {
  const clock = new VirtualClock()
  const events = new EventBus()
  const redaction = new Redaction({ headers: [], query: ['token'] })
  const recorder = new Recorder({ clock, events, redaction })
  let count = 0
  const end = (ended: Ended = {}): LiveCall => {
    const { id = `call-${++count}`, route = 'GET /a', ms = 1, status = 200, code, detail = 'why' } = ended
    const call = new LiveCall({ id, route: { ...facts, name: route }, clock, events, startedAtMs: clock.now() - ms })
    for (let i = 0; i < (ended.attempts ?? 0); i++) call.beginAs('first', targetOf('a'))
    const failing = code === undefined ? undefined : failure(code, detail)
    call.emit({
      type: 'call.ended',
      request: requestOf(ended.request),
      end: { status, failure: failing, bytesSent: 5 },
    })
    return call
  }
  const idsOf = (filter: Parameters<Recorder['list']>[0]): readonly string[] =>
    recorder.list(filter).map(({ id }) => id)
  return { clock, recorder, end, idsOf }
}

describe('Recorder', () => {
  it('keeps a failed call with all its details', () => {
    const { recorder, end } = opened()
    const request = { method: 'POST', path: '/_hedgerow/tickets/abc', query: 'a=1&token=abc' }
    end({ id: 'bad', ms: 12.3456, status: 504, code: 'DEADLINE', attempts: 2, request })
    const call = recorder.find('bad')
    assert.deepEqual(
      [call?.url, call?.method, call?.durationMs],
      ['/_hedgerow/tickets/***?a=1&token=***', 'POST', 12.346],
    )
    assert.deepEqual([call?.failure, call?.status], [{ code: 'DEADLINE', detail: 'why' }, 504])
    assert.deepEqual([call?.deadlineMs, call?.bytesSent, call?.attempts.length], [undefined, 5, 2])
  })

  it('records how long a call was queued, if it was', async () => {
    const { clock, recorder, end } = opened()
    end({ id: 'at once', status: 500 })
    const call = new LiveCall({ id: 'late', route: facts, clock, events: new EventBus() })
    call.queues(true)
    await clock.advance(190.1234)
    call.queues(false)
    const ended = { status: 504, failure: undefined, bytesSent: 0 }
    const how = { wallNow: clock.wallNow(), durationMs: 250, redaction: new Redaction({ headers: [], query: [] }) }
    assert.equal(record(requestOf(), call, ended, how).queuedMs, 190.123)
    assert.equal(recorder.find('at once')?.queuedMs, undefined)
  })

  it('counts status 500 as failed, but not 404', () => {
    const { end, idsOf } = opened()
    end({ id: 'a', status: 500 })
    end({ id: 'b', status: 404 })
    assert.deepEqual(idsOf(failed), ['a'])
  })

  it('shows the result of an attempt that ended after its call', () => {
    const { recorder, end } = opened()
    const call = end({ id: 'a', status: 500, attempts: 1 })
    const [loser] = call.attempts
    assert.ok(loser)
    loser.outcome = 'cancelled'
    loser.endedMs = 7
    assert.deepEqual(recorder.find('a')?.attempts[0]?.outcome, 'cancelled')
  })

  it('keeps the slowest calls per route, so that a busy one pushes out no others', () => {
    const { end, idsOf } = opened()
    end({ id: 'quiet', route: 'GET /quiet', ms: 50 })
    for (let ms = 1; ms <= 1000; ms++) end({ id: `busy-${ms}`, route: 'GET /busy', ms: 1000 + ((ms * 7919) % 1000) })
    assert.equal(idsOf(slow).length, 21)
    assert.equal(idsOf(slow).at(-1), 'quiet')
    const busy = { ...slow, route: 'GET /busy', limit: 3 }
    assert.deepEqual(idsOf(busy).length, 3)
    assert.deepEqual(opened().idsOf(busy), [])
  })

  it('drops a slow call after its window, even without other calls', async () => {
    const { clock, end, idsOf } = opened()
    await clock.advance(1)
    end({ id: 'old', ms: 900 })
    await clock.advance(5 * 60_000)
    end({ id: 'new', ms: 1 })
    assert.deepEqual(idsOf(slow), ['old', 'new'])
    await clock.advance(5 * 60_000)
    assert.deepEqual(idsOf(slow), ['new'])
    await clock.advance(60 * 60_000)
    assert.deepEqual(idsOf(slow), [])
  })

  it('does not count a WebSocket as a slow call', () => {
    const { end, idsOf } = opened()
    end({ status: 101, ms: 1e6 })
    assert.deepEqual(idsOf(all), [])
  })

  it('keeps the latest failures per route, so that one failing route pushes out no others', () => {
    const { end, idsOf } = opened()
    end({ id: 'seldom', route: 'GET /seldom', status: 500 })
    for (let i = 0; i < 1000; i++) end({ route: 'GET /often', status: 500 })
    assert.equal(idsOf(failed).length, 201)
    assert.ok(idsOf(failed).includes('seldom'))
  })

  it('limits the bytes of failed calls, and cuts long client input', () => {
    const { recorder, end, idsOf } = opened()
    const request = { path: `/${'x'.repeat(16_000)}` }
    for (let route = 0; route < 100; route++) {
      for (let i = 0; i < 100; i++) end({ route: `GET /${route}`, code: 'INTERNAL', detail: 'd'.repeat(9000), request })
    }
    const one = recorder.list(failed)[0]
    assert.equal(one?.url.length, maxUrlLength + 1)
    assert.ok((one?.failure?.detail.length ?? 0) < 600)
    assert.ok(idsOf(failed).length > 1000 && idsOf(failed).length < 4000, `${idsOf(failed).length}`)
  })

  it('limits the bytes of slow calls over all routes, and keeps the slowest of each', () => {
    const { clock, recorder, end, idsOf } = opened()
    const request = { path: `/${'x'.repeat(16_000)}` }
    for (let route = 0; route < 500; route++) {
      for (let i = 1; i <= 20; i++)
        end({ id: `${route}-${i}`, route: `GET /${route}`, ms: 1000 + i, attempts: 100, request })
    }
    const kept = recorder.list(slow)
    const bytes = kept.reduce((sum, call) => sum + sizeOf(call), 0)
    assert.ok(bytes <= 8 * 1024 * 1024 && bytes > 7 * 1024 * 1024, `${bytes}`)
    assert.ok(kept.length < 1000)
    assert.ok(idsOf(slow).includes('499-20') && idsOf(slow).includes('0-20'), 'the slowest of each are there')
    assert.equal(clock.pendingCount, 0)
  })

  it('keeps the first attempts if there are many', () => {
    const { recorder, end } = opened()
    end({ id: 'a', status: 500, attempts: 500 })
    assert.equal(recorder.find('a')?.attempts.length, maxAttempts)
  })

  it('lists a failed and slow call once', () => {
    const { end, idsOf } = opened()
    end({ id: 'a', ms: 5000, status: 500 })
    assert.deepEqual([idsOf(all), idsOf(failed), idsOf(slow)], [['a'], ['a'], ['a']])
  })

  it('keeps nothing more after it is closed', () => {
    const { recorder, end, idsOf } = opened()
    recorder.close()
    end({ status: 500 })
    assert.deepEqual(idsOf(all), [])
  })
})
