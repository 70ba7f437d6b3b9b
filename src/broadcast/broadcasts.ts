import type { Call, RouteFacts } from '../core/call.ts'
import { failure } from '../core/failure.ts'
import { failed, type Outcome } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { Service, TargetLayer } from '../core/service.ts'
import { type Change, prepareAll, type Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import type { UpstreamsOptions } from '../upstream/options.ts'
import { type Upstream, type Upstreams, upstreamIn } from '../upstream/upstream.ts'
import { UpstreamSet } from '../upstream/upstream-set.ts'
import type { Deliveries } from './deliveries.ts'
import { type DeliveryStatus, deliveryFinder, type FindDelivery, noDelivery } from './delivery-page.ts'
import type { DeliveryRoute } from './delivery-route.ts'
import {
  type Delivering,
  type DeliveryService,
  type DeliverySettings,
  openDeliveryService,
} from './delivery-service.ts'
import type { BroadcastOptions } from './options.ts'

/** Builds the layers of a route's deliveries. */
export type DeliveryStackOf = (route: string, options: BroadcastOptions, parts: DeliveryParts) => Delivering

/** Parts that the layers of a delivery use. */
export interface DeliveryParts {
  readonly store: DeliveryStore
  readonly deliveries: Deliveries
  readonly upstream: (name: string) => Upstream
  /** Set when tracing is enabled. */
  readonly attemptTrace: TargetLayer | undefined
}

/** The part of a configuration that concerns broadcasts. */
export interface BroadcastConfig {
  readonly routes: readonly BroadcastRoute[]
  /** Those that a route broadcasts to. */
  readonly upstreams: UpstreamsOptions
  readonly retentionMs: number
  /** Routes whose clients may see the names of targets. */
  readonly exposed: ReadonlySet<string>
}

export interface BroadcastRoute {
  readonly name: string
  readonly options: BroadcastOptions
}

export interface BroadcastsConfig {
  readonly broadcast: BroadcastConfig
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
  readonly #runtime: Runtime
  readonly #stackOf: DeliveryStackOf
  readonly #upstreams: UpstreamSet
  #service: DeliveryService | undefined
  #generation = none
  readonly #facts = new Map<string, RouteFacts>()

  constructor(runtime: Runtime, stackOf: DeliveryStackOf) {
    this.#runtime = runtime
    this.#stackOf = stackOf
    // Deliveries go to every target, so no target is chosen by client address.
    this.#upstreams = UpstreamSet.of(runtime, () => false)
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
      const { upstreams } = await join(this.#upstreams.prepare(next.broadcast.upstreams))
      const { service } = await join(this.#open(next))
      if (service !== undefined) await join(this.#change(next, service, upstreams))
    }, this.#runtime.reportBug)
  }

  async stop(graceMs: number): Promise<void> {
    await this.#service?.stop(graceMs)
  }

  close(): void {
    this.#upstreams.close()
  }

  /** Opened once a route broadcasts, and open until the gateway ends. */
  async #open({
    broadcast,
    store,
  }: BroadcastsConfig): Promise<Change & { readonly service: DeliveryService | undefined }> {
    const isOpen = this.#service !== undefined
    if (isOpen || store === undefined || broadcast.routes.length === 0) {
      return { service: this.#service, commit: () => {}, rollback: () => {} }
    }
    const service = await openDeliveryService(this.#runtime, { store, retentionMs: broadcast.retentionMs })
    return {
      service,
      commit: () => {
        this.#service = service
      },
      rollback: () => service.stop(0),
    }
  }

  /** Calls of the former configuration may still bring writes, so its routes stay until those calls have ended. */
  #change({ broadcast, traces }: BroadcastsConfig, service: DeliveryService, upstreams: Upstreams): Change {
    const before = this.#generation
    const built = this.#build(broadcast, service, upstreams, traces)
    const both: Generation = {
      ...built,
      routes: [...built.routes, ...absent(before.routes, built.routes)],
      accepting: new Map([...before.accepting, ...built.accepting]),
    }
    const configure = (routes: DeliverySettings['routes']): void =>
      service.configure({ routes, retentionMs: broadcast.retentionMs, traces })
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
        // A route that comes back later is another one to the counts.
        this.#facts.clear()
        configure(built.routes)
      },
    }
  }

  #build(
    { routes, exposed }: BroadcastConfig,
    { store, deliveries }: DeliveryService,
    upstreams: Upstreams,
    traces: Traces | undefined,
  ): Generation {
    const parts = { store, deliveries, upstream: upstreamIn(upstreams), attemptTrace: traces?.attemptLayer }
    const stacks = routes.map(({ name, options }) => [name, this.#stackOf(name, options, parts)] as const)
    return {
      routes: stacks.map(([, { route }]) => route),
      accepting: new Map(stacks.map(([name, { service }]) => [name, service])),
      // For a route that no longer exists, names are hidden.
      find: deliveryFinder(store, deliveries, (route) => exposed.has(route)),
    }
  }
}

function absent(some: readonly DeliveryRoute[], others: readonly DeliveryRoute[]): readonly DeliveryRoute[] {
  const names = new Set(others.map(({ name }) => name))
  return some.filter(({ name }) => !names.has(name))
}
