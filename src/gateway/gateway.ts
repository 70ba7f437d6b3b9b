import { randomBytes, randomUUID } from 'node:crypto'
import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Layer } from '../core/service.ts'
import type { Callbacks } from '../flows/callback/callbacks.ts'
import type { Clock } from '../kit/clock.ts'
import { EventBus } from '../kit/event-bus.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import { type MemoryScope, SharedMemory } from '../kit/shared-memory.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { type Listener, listen } from '../transport/server/listener.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import type { RouteHandler } from '../transport/server/route-handler.ts'
import type { Admin } from './admin/admin.ts'
import type { SimulatedBackends } from './admin/resources/backends.ts'
import { type Broadcasting, startBroadcasting } from './broadcasting.ts'
import { type CallingBack, startCallingBack } from './calling-back.ts'
import { deliveryPage } from './delivery-page.ts'
import { failurePolicy } from './failure-policy.ts'
import { indexPage } from './index-page.ts'
import { sourcesOf, watchPages } from './metering.ts'
import { startObserving } from './observing.ts'
import { startOperating } from './operating.ts'
import { type RoutedHandler, router } from './router.ts'
import { routeStack } from './stack.ts'
import { openStores } from './storing.ts'
import { Upstream } from './upstreams.ts'

export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  /** The folder of the configuration, where relative paths begin. */
  readonly folder?: string
  readonly log?: LogText
  /** Takes the lines of the access log, if the configuration asks for one. */
  readonly logLine?: (line: string) => void
  /** Lines of the log that were lost so far. */
  readonly logDropped?: () => number
  /** Instead of the configured one, for tests and benchmarks. */
  readonly store?: DeliveryStore
  /** Of the package. */
  readonly version?: string
  /** The simulated backends that run beside it, for the admin side to show and change. */
  readonly backends?: SimulatedBackends
  /** `about`: the id of the call or delivery that met it. */
  readonly logFault: (fault: unknown, about: string) => void
}

export interface Gateway {
  readonly front: Listener
  readonly admin: Admin | undefined
  readonly events: EventBus
  /** Open sockets to targets, and of these unused. */
  targetConnections(): { readonly open: number; readonly idle: number }
  /** Ends well: no new connections, calls in flight finish within the configured time, then all is closed. */
  drain(): Promise<void>
  /** Ends at once. */
  close(): Promise<void>
}

/** The composition root: makes every part from the configuration, joins them, and opens the listeners. */
export async function startGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const events = new EventBus(deps.logFault)
  const startedAtMs = deps.clock.wallNow()
  const parts = new Parts(config, deps)
  const placed = { folder: '.', log: () => {}, ...deps }
  try {
    // First in, last out: what ends while the rest closes is observed too.
    const observing = parts.closing(
      await startObserving(config, { ...placed, events, upstreams: parts.upstreams }),
      (one) => one.close(),
    )
    const stores = parts.closing(deps.store === undefined ? await openStores(config, placed) : undefined, (one) =>
      one.close(),
    )
    const store = deps.store ?? stores?.deliveries
    const broadcasting = parts.closing(
      startBroadcasting(config, { ...placed, events, store, traces: observing.traces }),
      (one) => one.stop(0),
    )
    const frontPort = (): number => front.address.port
    const callingBack = parts.closing(
      startCallingBack(config, { ...placed, durable: stores?.tickets, frontPort }),
      async (one) => one.close(),
    )
    const { callbacks } = callingBack ?? {}
    const routes = routesOf(config, parts.upstreams, {
      ...deps,
      ...broadcasting,
      memory: parts.memory,
      callbacks,
      attemptTrace: observing.traces?.attemptLayer,
    })
    await broadcasting?.resume()
    const front: Listener = parts.closing(
      await openFront(config, routes, {
        ...deps,
        events,
        broadcasting,
        callingBack,
        traces: observing.traces,
        watching: watchPages(config, observing.metrics, () => front),
      }),
      (one) => one.close(),
    )
    const waiters = callbacks && (() => callbacks.waiters.count)
    observing.metrics?.connect(sourcesOf({ front, store, waiters }))
    observing.watching?.connect({ front, store, waiters })
    let draining = false
    const admin = parts.closing(
      await startOperating(config, {
        ...deps,
        ...observing,
        version: deps.version ?? 'unknown',
        startedAtMs,
        isReady: () => !draining,
        upstreams: parts.upstreams,
        broadcasting,
        callbacks,
        backends: deps.backends,
      }),
      (one) => one.close(),
    )
    return {
      front,
      admin,
      events,
      targetConnections: () => parts.targetConnections(),
      drain: async () => {
        draining = true
        admin?.drain()
        await within(
          config.drain,
          deps.clock,
          // Whoever waits for a callback needs the front to stay open for it.
          Promise.all([front.drain(callbacks?.quiet()), broadcasting?.stop(config.drain)]),
        )
        const cutOff = front.inFlight()
        if (cutOff > 0) deps.log?.(`${cutOff} still in flight after ${config.drain} ms: cut off`)
        await parts.close()
      },
      close: () => parts.close(),
    }
  } catch (fault) {
    // A gateway that cannot open one part opens none.
    await parts.close()
    throw fault
  }
}

/** What has been opened, to be closed in the reverse order. */
class Parts {
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly #closers: (() => Promise<void>)[] = []

  readonly memory = new SharedMemory()

  constructor(config: Config, { clock }: GatewayDeps) {
    this.upstreams = new Map(
      Object.entries(config.upstreams).map(([name, options]) => [
        name,
        new Upstream(name, options, clock, this.memory.scope(`upstream ${name}`)),
      ]),
    )
  }

  closing<T>(part: T, close: (part: NonNullable<T>) => Promise<void>): T {
    if (part !== undefined && part !== null) this.#closers.push(() => close(part))
    return part
  }

  targetConnections(): { readonly open: number; readonly idle: number } {
    const counts = [...this.upstreams.values()].map(({ client }) => client.connections())
    return {
      open: counts.reduce((sum, { open }) => sum + open, 0),
      idle: counts.reduce((sum, { idle }) => sum + idle, 0),
    }
  }

  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close()
    for (const { client } of this.upstreams.values()) client.destroy()
  }
}

interface Route extends RoutedHandler {
  readonly config: RouteConfig
  readonly strategy: string
}

function routesOf(
  config: Config,
  upstreams: ReadonlyMap<string, Upstream>,
  deps: Pick<GatewayDeps, 'clock' | 'random'> &
    Partial<Broadcasting> & {
      readonly memory: MemoryScope
      readonly callbacks: Callbacks | undefined
      readonly attemptTrace: Layer | undefined
    },
): readonly Route[] {
  const upstream = (name: string): Upstream => {
    const found = upstreams.get(name)
    if (found === undefined) throw new Error(`the upstream ${name} got past the configuration's check`)
    return found
  }
  const stackDeps = { deliveries: undefined, store: undefined, ...deps, upstream, newId: unguessableId }
  return config.routes.map((route) => {
    const stack = routeStack(route, stackDeps)
    return { config: route, strategy: stack.strategy, match: route.match, handler: handlerOf(route, stack) }
  })
}

function openFront(
  config: Config,
  routes: readonly Route[],
  deps: GatewayDeps & {
    readonly events: EventBus
    readonly broadcasting: Broadcasting | undefined
    readonly callingBack: CallingBack | undefined
    readonly traces: Traces | undefined
    readonly watching: readonly RoutedHandler[]
  },
): Promise<Listener> {
  const { broadcasting, callingBack } = deps
  const all: RoutedHandler[] = [...routes, ...deps.watching]
  if (config.index) all.push(indexPage(routes))
  if (callingBack !== undefined) all.push(...callingBack.handlers)
  if (broadcasting !== undefined) {
    const isExposed = new Map(routes.map(({ config: route }) => [matchText(route.match), route.expose === 'attempts']))
    all.push(deliveryPage(broadcasting.store, broadcasting.deliveries, (route) => isExposed.get(route) ?? true))
  }
  return listen({
    listen: listenOptions(config),
    resolve: router(all),
    proxies: new TrustedProxies(config.trust),
    clock: deps.clock,
    events: deps.events,
    newId: randomUUID,
    traceOf: deps.traces?.traceOf,
    logFault: (fault, call) => deps.logFault(fault, call.id),
  })
}

/** Waits no longer than this. */
async function within(limitMs: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const { promise: timeIsUp, resolve: stopWaiting } = Promise.withResolvers<void>()
  const timer = clock.after(limitMs, stopWaiting)
  await Promise.race([work, timeIsUp])
  timer.cancel()
}

/** 128 bits: who does not know it cannot find it. */
function unguessableId(): string {
  return randomBytes(16).toString('base64url')
}

function handlerOf(route: RouteConfig, stack: ReturnType<typeof routeStack>): RouteHandler {
  return {
    facts: { name: matchText(route.match), strategy: stack.strategy, idleTimeoutMs: route.idleTimeout },
    service: stack.service,
    failures: failurePolicy(route, stack.failureStatuses),
    explain: route.explain,
    upgrades: stack.upgrades,
    servesWhileDraining: false,
  }
}

function listenOptions({ listen: options }: Config) {
  return {
    host: options.host,
    port: options.port,
    maxConnections: options.maxConnections,
    maxHeaderBytes: options.headerSize,
    maxHeaderCount: options.headerCount,
    // Node takes whole milliseconds.
    headerTimeoutMs: Math.ceil(options.headerTimeout),
    requestTimeoutMs: Math.ceil(options.requestTimeout),
    keepAliveMs: Math.ceil(options.keepAlive),
  }
}
