import { newDeliveryId } from '../broadcast/delivery-id.ts'
import { type DeliveryStatus, deliveryFinder, type FindDelivery, noDelivery } from '../broadcast/delivery-page.ts'
import type { DeliveryRoute } from '../broadcast/delivery-route.ts'
import { type DeliveryService, type DeliverySettings, openDeliveryService } from '../broadcast/delivery-service.ts'
import { matchText } from '../config/match.ts'
import { optionsIf } from '../config/route-strategy.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Call, RouteFacts } from '../core/call.ts'
import { failure } from '../core/failure.ts'
import { failed, type Outcome } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { Service } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import { type Change, prepareAll, type Reloadable, type ReportBug } from '../kit/reload.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { Lookups } from '../transport/client/lookups.ts'
import type { UpstreamOptions } from '../upstream/options.ts'
import { Upstream, type Upstreams, upstreamIn } from '../upstream/upstream.ts'
import { UpstreamSet } from '../upstream/upstream-set.ts'
import { deliveryStack } from './delivery-stack.ts'

export interface BroadcastsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly memory: SharedMemory
  readonly events: EventBus
  readonly log: LogText
  readonly reportBug: ReportBug
}

export interface BroadcastsConfig {
  readonly config: Config
  /** Set once a route needs a store. */
  readonly store: DeliveryStore | undefined
  readonly traces: Traces | undefined
}

/** The broadcast routes of one configuration. */
interface Generation {
  readonly routes: readonly DeliveryRoute[]
  /** Take the writes, by route. */
  readonly accepting: ReadonlyMap<string, Service>
  readonly find: FindDelivery
}

const none: Generation = { routes: [], accepting: new Map(), find: () => Promise.resolve(noDelivery) }
const ended = failed(failure('INTERNAL', 'The gateway is shutting down'))

/** Broadcast routes in the main thread: their upstreams, and the deliveries, which exist once for all threads. */
export class Broadcasts implements Reloadable<BroadcastsConfig> {
  readonly #options: BroadcastsOptions
  readonly #upstreams: UpstreamSet
  readonly #lookups: Lookups
  #service: DeliveryService | undefined
  #generation = none
  readonly #facts = new Map<string, RouteFacts>()

  constructor(options: BroadcastsOptions) {
    const { clock, random, memory, log } = options
    this.#options = options
    this.#lookups = new Lookups(options)
    const shortages = new ShortageLog(options)
    // Deliveries go to every target, so no target is chosen by client address.
    const made = { clock, random, trusts: () => false, shortages, resolve: this.#lookups.resolve, log }
    const make = (name: string, config: UpstreamOptions): Upstream =>
      new Upstream(name, config, { ...made, memory: memory.scope(`upstream ${name}`) })
    this.#upstreams = new UpstreamSet({ clock, make })
  }

  get service(): DeliveryService | undefined {
    return this.#service
  }

  get upstreams(): Upstreams {
    return this.#upstreams.current
  }

  /** Looks the route up for each write, as a reload changes it. */
  deliver(route: string, request: GatewayRequest, call: Call): Promise<Outcome> {
    const service = this.#generation.accepting.get(route)
    return service === undefined ? Promise.resolve(ended) : service(request, call)
  }

  /** Returns the same object for each write of a route, as metrics identify routes by it. */
  factsOf(route: string): RouteFacts {
    let facts = this.#facts.get(route)
    if (facts === undefined) {
      facts = { name: route, strategy: 'broadcast', idleTimeoutMs: 30_000 }
      this.#facts.set(route, facts)
    }
    return facts
  }

  status(id: string): Promise<DeliveryStatus> {
    return this.#generation.find(id)
  }

  prepare(next: BroadcastsConfig): Promise<Change> {
    return prepareAll(async (join) => {
      const { upstreams } = await join(this.#upstreams.prepare(upstreamsOf(next.config)))
      const { service } = await join(this.#open(next))
      if (service !== undefined) await join(Promise.resolve(this.#change(next, service, upstreams)))
    }, this.#options.reportBug)
  }

  async stop(graceMs: number): Promise<void> {
    await this.#service?.stop(graceMs)
  }

  close(): void {
    this.#upstreams.close()
    this.#lookups.close()
  }

  /** Opened once a route broadcasts, and open until the gateway ends. */
  async #open({
    config,
    store,
  }: BroadcastsConfig): Promise<Change & { readonly service: DeliveryService | undefined }> {
    const isOpen = this.#service !== undefined
    const isNeeded = config.routes.some(({ strategy }) => strategy.name === 'broadcast')
    if (isOpen || store === undefined || !isNeeded) {
      return { service: this.#service, commit: () => {}, rollback: () => {} }
    }
    const service = await openDeliveryService({ ...this.#options, store, retentionMs: config.store.retention })
    return {
      service,
      commit: () => {
        this.#service = service
      },
      rollback: () => service.stop(0),
    }
  }

  /** Calls of the former configuration may still bring writes, so its routes stay until those calls have ended. */
  #change({ config, traces }: BroadcastsConfig, service: DeliveryService, upstreams: Upstreams): Change {
    const before = this.#generation
    const built = this.#build(config, service, upstreams, traces)
    const both: Generation = {
      ...built,
      routes: [...built.routes, ...absent(before.routes, built.routes)],
      accepting: new Map([...before.accepting, ...built.accepting]),
    }
    const configure = (routes: DeliverySettings['routes']): void =>
      service.configure({ routes, retentionMs: config.store.retention, traces })
    return {
      commit: () => {
        this.#generation = both
        configure(both.routes)
      },
      rollback: () => {},
      retired: async () => {
        // A later reload has taken the routes over.
        if (this.#generation !== both) return
        this.#generation = built
        configure(built.routes)
      },
    }
  }

  #build(
    config: Config,
    { store, deliveries }: DeliveryService,
    upstreams: Upstreams,
    traces: Traces | undefined,
  ): Generation {
    const { clock, random, memory } = this.#options
    const upstream = upstreamIn(upstreams)
    const attemptTrace = traces?.attemptLayer
    const deps = { clock, random, memory, store, deliveries, newId: newDeliveryId, upstream, attemptTrace }
    const stacks = config.routes.flatMap((route) => {
      const options = optionsIf('broadcast', route)
      const name = matchText(route.match)
      return options === undefined ? [] : [[name, deliveryStack(name, options, deps)] as const]
    })
    return {
      routes: stacks.map(([, { route }]) => route),
      accepting: new Map(stacks.map(([name, { service }]) => [name, service])),
      find: deliveryFinder(store, deliveries, exposure(config.routes)),
    }
  }
}

/** The upstreams that a route broadcasts to. */
export function broadcastUpstreams({ routes }: Pick<Config, 'routes'>): ReadonlySet<string> {
  return new Set(routes.flatMap((route) => optionsIf('broadcast', route)?.upstream ?? []))
}

function upstreamsOf(config: Config): Config['upstreams'] {
  const names = broadcastUpstreams(config)
  return Object.fromEntries(Object.entries(config.upstreams).filter(([name]) => names.has(name)))
}

/** Whether a client may see the names of targets. For a route that no longer exists it may not. */
function exposure(routes: readonly RouteConfig[]): (route: string) => boolean {
  const isExposed = new Map(routes.map((route) => [matchText(route.match), route.expose === 'attempts']))
  return (route) => isExposed.get(route) ?? false
}

function absent(some: readonly DeliveryRoute[], others: readonly DeliveryRoute[]): readonly DeliveryRoute[] {
  const names = new Set(others.map(({ name }) => name))
  return some.filter(({ name }) => !names.has(name))
}
