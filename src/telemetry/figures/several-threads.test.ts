import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { CountedParts } from '../counts/cells.ts'
import { Counts } from '../counts/counts.ts'
import { startCounting } from '../counts/start-counting.ts'
import { Figures } from './figures.ts'

const process = { memoryBytes: 1, loopDelayMs: 2, clientConnections: 3 }
const workers = { running: 1, died: 0 }
const gauges = () => ({ deliveries: undefined, waiters: undefined, process, workers })
const target = targetOf('a')

function partsOf(routes: Readonly<Record<string, string>>, targets = [target]): CountedParts {
  return { routes: Object.entries(routes).map(([name, strategy]) => ({ name, strategy })), targets, live: true }
}

function opened(t: TestContext, parts: CountedParts) {
  const clock = new VirtualClock()
  const counts = new Counts(parts)
  const figures = new Figures({ clock, counts, gauges })
  t.after(() => figures.close())
  const thread = () => {
    const events = new EventBus()
    const writer = counts.open(SharedArrayBuffer)
    const counting = startCounting(events, { parts, block: writer.block })
    const begin = (name: string, strategy = 'forward'): LiveCall => {
      const call = new LiveCall({ id: 'id', route: { name, strategy, idleTimeoutMs: 0 }, clock, events })
      call.emit({ type: 'call.started', request: requestOf() })
      return call
    }
    const end = (call: LiveCall): void => {
      call.emit({ type: 'call.ended', request: requestOf(), end: { status: 200, failure: undefined, bytesSent: 0 } })
    }
    const change = (next: CountedParts): void => {
      counting.change(next, writer.block)
      writer.countsInto(writer.block)
    }
    return { writer, begin, end, change }
  }
  return { clock, counts, figures, thread }
}

describe('Figures of several threads', () => {
  it('are summed, durations included, without the calls in flight of a dead thread', async (t) => {
    const { clock, counts, figures, thread } = opened(t, partsOf({ 'GET /a': 'forward' }))
    const [one, two] = [thread(), thread()]
    const calls = [one.begin('GET /a'), two.begin('GET /a')] as const
    one.begin('GET /a')
    two.begin('GET /a').emit({ type: 'attempt.started', attempt: calls[1].begin(target) })
    await clock.advance(100)
    one.end(calls[0])
    await clock.advance(800)
    two.end(calls[1])
    await clock.advance(100)
    const { calls: ended, inFlight, p50Ms = 0, p99Ms = 0 } = figures.latest().routes['GET /a'] ?? {}
    assert.deepEqual([ended, inFlight], [2, 2])
    assert.ok(Math.abs(p50Ms - 100) < 5 && Math.abs(p99Ms - 900) < 45)
    assert.equal(figures.latest().targets[0]?.inFlight, 1)
    assert.deepEqual([counts.inFlightIn(one.writer), counts.inFlightIn(two.writer)], [1, 1])
    two.writer.end()
    assert.equal(counts.inFlightIn(two.writer), 0)
    await clock.advance(1000)
    const after = figures.latest()
    assert.deepEqual([after.total.calls, after.total.inFlight, after.targets[0]?.inFlight], [0, 1, 0])
    assert.equal(after.routes['GET /a']?.p99Ms, p99Ms)
  })

  it('keep the history of what remains in a new configuration, and of nothing else', async (t) => {
    const { clock, counts, figures, thread } = opened(t, partsOf({ 'GET /a': 'forward', 'GET /b': 'forward' }))
    const one = thread()
    for (const name of ['GET /a', 'GET /a', 'GET /b']) one.end(one.begin(name))
    const lasting = one.begin('GET /a')
    await clock.advance(1000)
    const next = partsOf({ 'GET /c': 'forward', 'GET /a': 'forward' }, [targetOf('new'), target])
    counts.prepare(next).commit()
    one.change(next)
    one.end(lasting)
    one.end(one.begin('GET /c'))
    await clock.advance(1000)
    const { routes, targets, total } = figures.latest()
    assert.deepEqual(
      Object.entries(routes).map(([name, { calls, inFlight }]) => [name, calls, inFlight]),
      [
        ['GET /c', 1, 0],
        ['GET /a', 1, 0],
      ],
    )
    assert.deepEqual(
      targets.map((one) => one.target),
      ['new', 'a'],
    )
    assert.equal(total.calls, 2)
    const [first] = figures.history(2)
    assert.deepEqual([first?.total.calls, first?.routes['GET /a']?.calls, first?.routes['GET /b']], [3, 2, undefined])
    assert.equal(figures.target(targetOf('gone')).attempts, 0)
  })

  it('count from zero for a route with another strategy', async (t) => {
    const { clock, counts, figures, thread } = opened(t, partsOf({ 'GET /a': 'forward' }))
    const one = thread()
    for (let i = 0; i < 5; i++) one.end(one.begin('GET /a'))
    await clock.advance(1000)
    const next = partsOf({ 'GET /a': 'hedge' })
    counts.prepare(next).commit()
    one.change(next)
    one.end(one.begin('GET /a', 'hedge'))
    await clock.advance(1000)
    assert.deepEqual(
      figures.history(2).map(({ routes, total }) => [routes['GET /a']?.calls, total.calls]),
      [
        [5, 5],
        [1, 1],
      ],
    )
  })

  it('list pages and requests without a route once there were any', async (t) => {
    const { clock, figures, thread } = opened(t, partsOf({ 'GET /a': 'forward' }))
    const one = thread()
    await clock.advance(1000)
    assert.deepEqual(Object.keys(figures.latest().routes), ['GET /a'])
    one.end(one.begin('GET /', 'index'))
    await clock.advance(1000)
    assert.deepEqual(Object.keys(figures.latest().routes), ['GET /a', 'page'])
  })
})
