import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { AttemptOutcome } from '../../core/attempt.ts'
import { type FailureCode, failure } from '../../core/failure.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { Counts } from '../counts/counts.ts'
import { startCounting } from '../counts/start-counting.ts'
import { Figures, maxHistoryRows } from './figures.ts'

const target = targetOf('a')
/** The limit of the admin side's live streams. */
const maxUnreadBytes = 512 * 1024

const routeOf = (name: string) => ({ name, strategy: 'test' })

function opened(t: TestContext) {
  const clock = new VirtualClock()
  const events = new EventBus()
  const gauges = () => ({
    deliveries: undefined,
    waiters: 3,
    process: { memoryBytes: 1, loopDelayMs: 2, clientConnections: 3 },
    workers: { running: 1, died: 0 },
  })
  const parts = { routes: ['GET /a', 'GET /b'].map(routeOf), targets: [target], live: true }
  const counts = new Counts(parts)
  const counting = startCounting(events, { parts, block: counts.open(ArrayBuffer).block })
  const figures = new Figures({ clock, counts, gauges })
  t.after(() => {
    figures.close()
    counting.close()
  })

  const begin = (route: string): LiveCall => {
    const facts = { ...routeOf(route), idleTimeoutMs: 0 }
    const call = new LiveCall({ id: 'id', route: facts, clock, events })
    call.emit({ type: 'call.started', request: requestOf() })
    return call
  }
  const attempt = async (call: LiveCall, outcome: AttemptOutcome, ms: number, kind: 'first' | 'hedge' = 'first') => {
    const made = call.beginAs(kind, target)
    call.emit({ type: 'attempt.started', attempt: made })
    await clock.advance(ms)
    made.endedMs = call.elapsedMs()
    made.outcome = outcome
    made.status = outcome === 'success' ? 200 : undefined
    call.emit({ type: 'attempt.ended', attempt: made })
    return made
  }
  const end = (call: LiveCall, status: number, code?: FailureCode): void => {
    const end = { status, failure: code && failure(code, 'why'), bytesSent: 0 }
    call.emit({ type: 'call.ended', request: requestOf(), end })
  }
  return { clock, figures, begin, attempt, end }
}

describe('Figures', () => {
  it('count calls and attempts ended within a second, per route and in total', async (t) => {
    const { clock, figures, begin, attempt, end } = opened(t)
    const rescued = begin('GET /a')
    await attempt(rescued, 'timeout', 300)
    ;(await attempt(rescued, 'success', 100, 'hedge')).won = true
    end(rescued, 200)
    end(begin('GET /a'), 503, 'NO_TARGET')
    end(begin('GET /b'), 500)
    begin('GET /b')
    await clock.advance(600)
    const { routes, total, targets, waiters } = figures.latest()
    const a = routes['GET /a']
    assert.deepEqual(
      { ...a, p50Ms: 0, p99Ms: 0 },
      {
        calls: 2,
        inFlight: 0,
        failed: 1,
        p50Ms: 0,
        p99Ms: 0,
        attempts: 2,
        extraLoad: 0.5,
        rescued: 1,
        failures: { NO_TARGET: 1 },
      },
    )
    assert.ok(Math.abs((a?.p99Ms ?? 0) - 400) < 20)
    assert.deepEqual([total.calls, total.inFlight, total.failed, total.attempts, waiters], [3, 1, 2, 2, 3])
    assert.deepEqual([targets[0]?.attempts, targets[0]?.outcomes], [2, { timeout: 1, success: 1 }])
    await clock.advance(1000)
    assert.deepEqual([figures.latest().total.calls, figures.latest().total.failures], [0, {}])
  })

  it('forget a duration after ten seconds', async (t) => {
    const { clock, figures, begin, end } = opened(t)
    const call = begin('GET /a')
    await clock.advance(500)
    end(call, 200)
    await clock.advance(10_000)
    assert.ok(Math.abs((figures.latest().total.p50Ms ?? 0) - 500) < 25)
    await clock.advance(1000)
    assert.equal(figures.latest().total.p50Ms, undefined)
  })

  it('skip durations of aborted calls and of open WebSockets', async (t) => {
    const { clock, figures, begin, end } = opened(t)
    end(begin('GET /a'), 0, 'CLIENT_GONE')
    end(begin('GET /a'), 101)
    await clock.advance(1000)
    assert.deepEqual([figures.latest().total.calls, figures.latest().total.p50Ms], [2, undefined])
  })

  it('skip durations of cancelled and unanswered attempts', async (t) => {
    const { clock, figures, begin, attempt } = opened(t)
    await attempt(begin('GET /a'), 'cancelled', 30)
    await attempt(begin('GET /a'), 'timeout', 300)
    assert.equal(figures.latest().targets[0]?.p50Ms, undefined)
    await attempt(begin('GET /a'), 'success', 100)
    await clock.advance(1000)
    assert.ok(Math.abs((figures.latest().targets[0]?.p50Ms ?? 0) - 100) < 5)
  })

  it('keep ten minutes, oldest first, without idle rows', async (t) => {
    const { clock, figures, begin, end } = opened(t)
    await clock.advance(700_000)
    end(begin('GET /a'), 500, 'INTERNAL')
    await clock.advance(1000)
    const history = figures.history(600)
    assert.equal(history.length, 600)
    assert.deepEqual(history.at(-1)?.total.failures, { INTERNAL: 1 })
    assert.deepEqual([Object.keys(history.at(-1)?.routes ?? {}), history.at(-2)?.routes], [['GET /a'], {}])
    assert.ok((history[0]?.at ?? '') < (history[1]?.at ?? ''))
    assert.equal(figures.history(5).length, 5)
  })

  it('report the counts of a target since the start', async (t) => {
    const { clock, figures, begin, attempt } = opened(t)
    await attempt(begin('GET /a'), 'success', 20)
    const failed = begin('GET /a').beginAs('first', target)
    failed.outcome = 'refused'
    begin('GET /a').emit({ type: 'attempt.started', attempt: failed })
    begin('GET /a').emit({ type: 'attempt.ended', attempt: failed })
    await attempt(begin('GET /a'), 'cancelled', 1)
    await clock.advance(60_000)
    const { inFlight, attempts, outcomes, p50Ms } = figures.target(target)
    assert.deepEqual([inFlight, attempts, outcomes], [0, 3, { success: 1, refused: 1, cancelled: 1 }])
    assert.ok(Math.abs((p50Ms ?? 0) - 20) < 1, `${p50Ms}`)
  })

  it('report the last minute of a target as part of its counts since the start', async (t) => {
    const { clock, figures, begin, attempt } = opened(t)
    const lastMinute = () => figures.target(target).lastMinute
    await attempt(begin('GET /a'), 'success', 20)
    await attempt(begin('GET /a'), 'refused', 20)
    assert.deepEqual(lastMinute(), { attempts: 0, outcomes: {} })
    await clock.advance(1000)
    assert.deepEqual(lastMinute(), { attempts: 2, outcomes: { success: 1, refused: 1 } })
    await clock.advance(40_000)
    await attempt(begin('GET /a'), 'success', 20)
    await clock.advance(10_000)
    assert.deepEqual(lastMinute(), { attempts: 3, outcomes: { success: 2, refused: 1 } })
    await clock.advance(15_000)
    assert.deepEqual(lastMinute(), { attempts: 1, outcomes: { success: 1 } })
    assert.equal(figures.target(target).attempts, 3)
  })

  it('report no more of an outcome for the last minute than since the start', async (t) => {
    const { clock, figures, begin, attempt } = opened(t)
    const call = begin('GET /a')
    const broken = await attempt(call, 'success', 20)
    await clock.advance(5000)
    broken.outcome = 'reset'
    call.emit({ type: 'attempt.broken', attempt: broken, was: 'success' })
    await clock.advance(1000)
    const { outcomes, lastMinute } = figures.target(target)
    assert.deepEqual([outcomes, lastMinute], [{ reset: 1 }, { attempts: 1, outcomes: { reset: 1 } }])
  })

  it('count a truncated answer as a failure although its head was good', async (t) => {
    const { clock, figures, begin, attempt } = opened(t)
    const call = begin('GET /a')
    const broken = await attempt(call, 'success', 20)
    await clock.advance(5000)
    broken.outcome = 'reset'
    call.emit({ type: 'attempt.broken', attempt: broken, was: 'success' })
    assert.deepEqual(figures.target(target).outcomes, { reset: 1 })
    await clock.advance(1000)
    assert.deepEqual(figures.latest().targets[0]?.outcomes, { reset: 1 })
    assert.deepEqual(figures.history(1)[0]?.targets[0]?.outcomes, { reset: 1 })
    // Reported seconds do not change, so the next success compensates.
    await attempt(begin('GET /a'), 'success', 20)
    await attempt(begin('GET /a'), 'success', 20)
    await clock.advance(1000)
    assert.deepEqual(figures.latest().targets[0]?.outcomes, { success: 1 })
    assert.deepEqual(figures.target(target).outcomes, { success: 2, reset: 1 })
  })

  it('list the busiest of many routes and targets, and the number left out', async (t) => {
    const clock = new VirtualClock()
    const events = new EventBus()
    const routes = Array.from({ length: 1000 }, (_, i) => `GET /a-route-with-a-long-name/${i}`)
    const targets = Array.from({ length: 50 }, (_, i) => targetOf(`t${i}`))
    const process = { memoryBytes: 1, loopDelayMs: 2, clientConnections: 3 }
    const workers = { running: 1, died: 0 }
    const gauges = () => ({ deliveries: undefined, waiters: undefined, process, workers })
    const parts = { routes: routes.map(routeOf), targets, live: true }
    const counts = new Counts(parts)
    startCounting(events, { parts, block: counts.open(ArrayBuffer).block })
    const figures = new Figures({ clock, counts, gauges })
    t.after(() => figures.close())
    const serve = (name: string): void => {
      const call = new LiveCall({ id: 'id', route: { ...routeOf(name), idleTimeoutMs: 0 }, clock, events })
      call.emit({ type: 'call.started', request: requestOf() })
      call.emit({ type: 'call.ended', request: requestOf(), end: { status: 200, failure: undefined, bytesSent: 0 } })
    }
    for (let second = 0; second < 600; second++) {
      for (const name of routes.slice(-300)) serve(name)
      serve(routes.at(-1) as string)
      await clock.advance(1000)
    }
    const now = figures.latest()
    assert.deepEqual(
      [Object.keys(now.routes).length, now.targets.length, now.leftOut],
      [150, 50, { routes: 850, targets: 0 }],
    )
    assert.ok(Object.keys(now.routes).every((name) => routes.indexOf(name) >= 700))
    assert.deepEqual([now.routes[routes.at(-1) as string]?.calls, now.total.calls], [2, 301])
    assert.ok(10 * JSON.stringify(now).length < maxUnreadBytes, 'a reader may be ten seconds behind')
    const history = figures.history(600)
    const rows = history.reduce((sum, second) => sum + Object.keys(second.routes).length + second.targets.length, 0)
    assert.ok(rows > 20_000 && rows <= maxHistoryRows, `${rows}`)
    assert.deepEqual(
      [history.length, history[0]?.total.calls, history[0]?.leftOut],
      [600, 301, { routes: 950, targets: 0 }],
    )
    assert.deepEqual([...figures.historyInParts(600)].flat(), history)
  })

  it('are zero before the first second has ended', (t) => {
    const { figures } = opened(t)
    assert.deepEqual([figures.latest().total.calls, figures.history(600)], [0, []])
  })

  it('reach listeners once a second until these stop, and leave no timer', async (t) => {
    const { clock, figures } = opened(t)
    const heard: string[] = []
    const stop = figures.onSecond(({ at }) => heard.push(at))
    await clock.advance(3000)
    stop()
    await clock.advance(3000)
    assert.equal(heard.length, 3)
    figures.close()
    assert.equal(clock.pendingCount, 0)
  })
})
