/**
 * The cost of an admin side: ns per call of a plain `forward` (four events), beside a bus without listeners, for the
 * counts (the metrics' included) and the recorder; and of the work at the end of each second, with 100 routes and
 * targets.
 *
 *   bin/node bench/micro/recorder.ts
 */
import type { Target } from '../../src/core/attempt.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { LiveCall } from '../../src/kit/live-call.ts'
import { Counts } from '../../src/telemetry/counts/counts.ts'
import type { CountedRoute } from '../../src/telemetry/counts/route-cells.ts'
import { startCounting } from '../../src/telemetry/counts/start-counting.ts'
import { Figures } from '../../src/telemetry/figures/figures.ts'
import { LastFailures } from '../../src/telemetry/recorder/last-failures.ts'
import { Recorder } from '../../src/telemetry/recorder/recorder.ts'
import { Redaction } from '../../src/telemetry/redact.ts'
import { median } from '../kit/statistics.ts'

const callsAtOnce = 1_000_000
const rounds = 9
const clock = systemClock()
const request = {
  method: 'GET',
  path: '/api/work',
  query: '',
  headers: [],
  body: undefined,
  params: {},
  upgrade: undefined,
}
const gauges = () => ({
  deliveries: undefined,
  waiters: undefined,
  process: { memoryBytes: 0, loopDelayMs: 0, clientConnections: 0 },
  workers: { running: 1, died: 0 },
})

for (const routeCount of [1, 100]) {
  const routes = Array.from({ length: routeCount }, (_, i) => ({ name: `GET /api/${i}`, strategy: 'forward' }))
  const targets = routes.map((_, i) => targetOf(String(i)))
  const nobody = nsEach(served(routes, targets, new EventBus()))
  const counted = new EventBus()
  const parts = { routes, targets, live: true }
  const counting = startCounting(counted, { parts, block: new Counts(parts).open(ArrayBuffer).block })
  const withCounts = nsEach(served(routes, targets, counted))
  counting.close()
  const recorded = new EventBus()
  const recorder = new Recorder({ clock, events: recorded, redaction: new Redaction({ headers: [], query: [] }) })
  const lastFailures = new LastFailures({ clock, events: recorded })
  const withRecorder = nsEach(served(routes, targets, recorded))
  recorder.close()
  lastFailures.close()
  const tell = (what: string, ns: number): void =>
    console.log(`${what}, ${routeCount} routes: ${(ns - nobody).toFixed(0)} ns a call of one attempt`)
  tell('counts', withCounts)
  tell('recorder', withRecorder)
  tell('both', withCounts + withRecorder - nobody)
}
endOfSecond()

interface Served {
  readonly call: LiveCall
  readonly events: readonly GatewayEvent[]
}

function nsEach(all: readonly Served[]): number {
  const costs = Array.from({ length: rounds }, () => {
    const startedMs = clock.now()
    for (let i = 0; i < callsAtOnce; i++) {
      const { call, events } = all[i % all.length] as Served
      for (const event of events) call.emit(event)
    }
    return ((clock.now() - startedMs) / callsAtOnce) * 1e6
  })
  return median(costs.slice(2))
}

/** The events are created beforehand, as the gateway creates them with or without listeners. */
function served(routes: readonly CountedRoute[], targets: readonly Target[], events: EventBus): readonly Served[] {
  return routes.map((counted, place) => {
    const route = { ...counted, idleTimeoutMs: 0 }
    // All calls have the same age, so that after the first ones none is among the slowest.
    const call = new LiveCall({ id: 'id', route, clock, events, startedAtMs: Number.MAX_SAFE_INTEGER })
    const attempt = call.begin(targets[place] as Target)
    attempt.outcome = 'success'
    attempt.status = 200
    attempt.endedMs = attempt.startedMs + 12
    return {
      call,
      events: [
        { type: 'call.started', request },
        { type: 'attempt.started', attempt },
        { type: 'attempt.ended', attempt },
        { type: 'call.ended', request, end: { status: 200, failure: undefined, bytesSent: 12 } },
      ],
    }
  })
}

function endOfSecond(): void {
  const routes = Array.from({ length: 100 }, (_, i) => ({ name: `GET /api/${i}`, strategy: 'forward' }))
  const targets = routes.map((_, i) => targetOf(String(i)))
  const events = new EventBus()
  let tick = (): void => {}
  const byHand = {
    ...clock,
    after: (_delayMs: number, action: () => void) => ({ cancel: () => {}, made: (tick = action) }),
  }
  const counts = new Counts({ routes, targets, live: true })
  const counting = startCounting(events, {
    parts: { routes, targets, live: true },
    block: counts.open(ArrayBuffer).block,
  })
  const figures = new Figures({ clock: byHand, counts, gauges })
  const calls = served(routes, targets, events)
  const costs: number[] = []
  for (let second = 0; second < 200; second++) {
    for (const { call, events: all } of calls) for (const event of all) call.emit(event)
    const startedMs = clock.now()
    tick()
    costs.push(clock.now() - startedMs)
  }
  figures.close()
  counting.close()
  console.log(`end of a second, 100 routes and 100 targets that were all called: ${median(costs).toFixed(2)} ms`)
}

function targetOf(name: string): Target {
  return { upstream: 'work', name, origin: '', authority: '', basePath: '', weight: 1 }
}
