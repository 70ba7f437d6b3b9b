import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { telemetryConfig } from '../config/derived/telemetry-config.ts'
import { type ConfigInput, configSchema } from '../config/schema.ts'
import { EventBus } from '../kit/event-bus.ts'
import { LiveCall } from '../kit/live-call.ts'
import { CallObservers } from './call-observers.ts'
import { Counts } from './counts/counts.ts'
import { Redaction } from './redact.ts'

const configOf = (more: ConfigInput) =>
  telemetryConfig(
    configSchema.parse({
      upstreams: { work: { targets: ['http://127.0.0.1:1'] } },
      routes: [{ match: 'GET /a', forward: { upstream: 'work' } }],
      ...more,
    }),
  )
const redaction = new Redaction({ headers: [], query: [] })
const [silent, counted, shown] = [configOf({}), configOf({ metrics: { path: '/metrics' } }), configOf({ admin: {} })]

function opened(config: typeof silent) {
  const clock = new VirtualClock()
  const events = new EventBus()
  const counts = new Counts(config.counted)
  const writer = counts.open(ArrayBuffer)
  const observers = new CallObservers({ clock, events }, { telemetry: config, redaction, block: writer.block })
  const change = (next: typeof silent): void => {
    const prepared = counts.prepare(next.counted)
    observers.change({ telemetry: next, redaction, block: writer.block })
    observers.retire(next)
    prepared.commit()
    writer.countsInto(writer.block)
  }
  const begin = (): LiveCall => {
    const route = { name: 'GET /a', strategy: 'forward', idleTimeoutMs: 0 }
    const call = new LiveCall({ id: 'id', route, clock, events })
    call.emit({ type: 'call.started', request: requestOf() })
    return call
  }
  const fail = (call: LiveCall): void => {
    const end = { status: 500, failure: undefined, bytesSent: 7 }
    call.emit({ type: 'call.ended', request: requestOf(), end })
  }
  const told = () => {
    const [route = assert.fail()] = counts.cells.routes
    const calls = observers.recorder?.list({ which: 'failed', route: undefined, limit: 10 }).length
    return { inFlight: counts.read(route.inFlight), bytes: counts.read(route.sentBytes), calls }
  }
  return { clock, observers, change, begin, fail, told }
}

describe('CallObservers', () => {
  it('counts if the counts can be read, and keeps calls if the admin API is enabled', () => {
    const all = [silent, counted, shown].map((config) => {
      const { begin, fail, told } = opened(config)
      fail(begin())
      return told()
    })
    assert.deepEqual(all, [
      { inFlight: 0, bytes: 0, calls: undefined },
      { inFlight: 0, bytes: 7, calls: undefined },
      { inFlight: 0, bytes: 7, calls: 1 },
    ])
  })

  it('starts newly enabled parts, keeps no calls without the admin API, and continues its counts', async () => {
    const { clock, change, begin, fail, told, observers } = opened(silent)
    const before = begin()
    await clock.advance(1)
    change(shown)
    fail(before)
    begin()
    assert.deepEqual(told(), { inFlight: 1, bytes: 7, calls: 1 })
    change(shown)
    assert.deepEqual(told(), { inFlight: 1, bytes: 7, calls: 1 })
    change(counted)
    fail(begin())
    assert.deepEqual(told(), { inFlight: 1, bytes: 14, calls: undefined })
    change(silent)
    fail(begin())
    change(shown)
    assert.deepEqual(told(), { inFlight: 1, bytes: 21, calls: 0 })
    observers.close()
    fail(begin())
    assert.equal(told().bytes, 21)
  })
})
