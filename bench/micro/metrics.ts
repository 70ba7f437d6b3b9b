/**
 * The cost of metrics: the listeners alone, in ns per call of a plain `forward` (four events), over 1 and 100 routes,
 * without and with the additional counts of the live figures; ways to look up a series; and CPU per request of a
 * gateway that counts, beside one that does not.
 *
 *   bin/node bench/micro/metrics.ts [--connections 64] [--seconds 3] [--rounds 5] [--gateway no]
 *
 * Exit code 1 if the listeners take more than 500 ns a call, or the counting gateway over 5 % more CPU.
 */
import { parseArgs } from 'node:util'
import type { Target } from '../../src/core/attempt.ts'
import type { Call, RouteFacts } from '../../src/core/call.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { LiveCall } from '../../src/kit/live-call.ts'
import { Counts } from '../../src/telemetry/counts/counts.ts'
import { startCounting } from '../../src/telemetry/counts/start-counting.ts'
import { Metrics } from '../../src/telemetry/metrics/metrics.ts'
import { forwardCpu } from '../kit/forward-cpu.ts'
import { median } from '../kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    gateway: { type: 'string', default: 'yes' },
  },
})
const callsAtOnce = 1_000_000
const clock = systemClock()

for (const live of [false, true]) for (const routeCount of [1, 100]) listenersAlone(routeCount, live)
waysToFindAPlace()
await scrape(100)
if (args.gateway === 'yes') await gateways()

interface Served {
  readonly call: Call
  readonly events: readonly GatewayEvent[]
}

function listenersAlone(routeCount: number, live: boolean): void {
  const { routes, targets } = parts(routeCount)
  const silent = new EventBus()
  const heard = new EventBus()
  const counted = { routes, targets, live }
  const counting = startCounting(heard, { parts: counted, block: new Counts(counted).open(ArrayBuffer).block })
  const withNobody = routes.map((route, place) => served(route, targets[place] as Target, silent))
  const withMetrics = routes.map((route, place) => served(route, targets[place] as Target, heard))
  const costs = Array.from({ length: 7 }, () => nsEach(withMetrics) - nsEach(withNobody)).slice(2)
  counting.close()
  if (!(median(costs) <= 500)) process.exitCode = 1
  console.log(
    `listeners${live ? ', live figures too' : ''}, ${routeCount} routes: ${median(costs).toFixed(0)} ns a call of one attempt`,
  )
}

function nsEach(all: readonly Served[]): number {
  const startedMs = clock.now()
  for (let i = 0; i < callsAtOnce; i++) {
    const { call, events } = all[i % all.length] as Served
    for (const event of events) call.emit(event)
  }
  return ((clock.now() - startedMs) / callsAtOnce) * 1e6
}

/** The events are created beforehand, as the gateway creates them with or without listeners. */
function served(route: RouteFacts, target: Target, events: EventBus): Served {
  const call = new LiveCall({ id: 'bench', route, clock, events })
  const attempt = call.begin(target)
  Object.assign(attempt, { endedMs: 12, outcome: 'success', status: 200, won: true })
  const request = {
    method: 'GET',
    path: '/',
    query: '',
    headers: [],
    body: undefined,
    params: {},
    upgrade: undefined,
  }
  const end = { status: 200, failure: undefined, bytesSent: 12 }
  const list: readonly GatewayEvent[] = [
    { type: 'call.started', request },
    { type: 'attempt.started', attempt },
    { type: 'attempt.ended', attempt },
    { type: 'call.ended', request, end },
  ]
  return { call, events: list }
}

function waysToFindAPlace(): void {
  const { routes } = parts(100)
  const byIdentity = new Map(routes.map((route, place) => [route, place]))
  const byWeakIdentity = new WeakMap(routes.map((route, place) => [route, place]))
  const byName = new Map(routes.map(({ name }, place) => [name, place]))
  const byKey = new Map(routes.map(({ name }, place) => [`${name} 2xx`, place]))
  const endpoints: readonly (readonly [string, (route: RouteFacts) => number | undefined])[] = [
    ['Map by identity', (route) => byIdentity.get(route)],
    ['WeakMap by identity', (route) => byWeakIdentity.get(route)],
    ['Map by name', ({ name }) => byName.get(name)],
    ['Map by a key put together', ({ name }) => byKey.get(`${name} 2xx`)],
  ]
  for (const [name, way] of endpoints) {
    const costs = Array.from({ length: 7 }, () => {
      let sum = 0
      const startedMs = clock.now()
      for (let i = 0; i < callsAtOnce; i++) sum += way(routes[i % routes.length] as RouteFacts) ?? 0
      if (sum === 0) throw new Error('nothing was found')
      return ((clock.now() - startedMs) / callsAtOnce) * 1e6
    }).slice(2)
    console.log(`${name}: ${median(costs).toFixed(1)} ns`)
  }
}

async function scrape(routeCount: number): Promise<void> {
  const { routes, targets } = parts(routeCount)
  const metrics = new Metrics(new Counts({ routes, targets, live: false }), { rename: {}, views: [] })
  const costs: number[] = []
  let bytes = 0
  for (let i = 0; i < 20; i++) {
    const startedMs = clock.now()
    bytes = (await metrics.render()).body.length
    costs.push(clock.now() - startedMs)
  }
  console.log(
    `a scrape of ${routeCount} routes and targets: ${median(costs).toFixed(1)} ms, ${Math.round(bytes / 1024)} KiB`,
  )
}

async function gateways(): Promise<void> {
  const load = { connections: Number(args.connections), seconds: Number(args.seconds), rounds: Number(args.rounds) }
  const variants = [
    { name: 'metrics off', sections: [] },
    { name: 'metrics on', sections: ['metrics: { path: /metrics }'] },
  ]
  console.log(`forward, ${load.connections} connections, medians of ${load.rounds} rounds of ${load.seconds} s`)
  for (const { name, cpuUs, ratio, requestsPerSecond } of await forwardCpu(variants, load)) {
    if (!(ratio <= 1.05)) process.exitCode = 1
    const rate = Math.round(requestsPerSecond)
    console.log(`${name.padEnd(12)} ${cpuUs.toFixed(1)} us CPU/request  ${ratio.toFixed(3)}  ${rate} requests/s`)
  }
}

function parts(count: number): { readonly routes: readonly RouteFacts[]; readonly targets: readonly Target[] } {
  const places = Array.from({ length: count }, (_, place) => place)
  return {
    routes: places.map((place) => ({ name: `GET /api/route-${place}`, strategy: 'forward', idleTimeoutMs: 30_000 })),
    targets: places.map((place) => {
      const authority = `target-${place}:80`
      const origin = `http://${authority}`
      return { upstream: 'work', name: authority, origin, authority, basePath: '', weight: 1 }
    }),
  }
}
