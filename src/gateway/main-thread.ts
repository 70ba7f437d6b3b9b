import { newDeliveryId } from '../broadcast/delivery-id.ts'
import { type DeliveryStatus, deliveryFinder, type FindDelivery, noDelivery } from '../broadcast/delivery-page.ts'
import type { DeliveryRoute } from '../broadcast/delivery-route.ts'
import { type DeliveryChange, type DeliveryService, startDeliveryService } from '../broadcast/delivery-service.ts'
import type { ReceiveEndpoint } from '../callback/receive-endpoints.ts'
import { openSharedCallbackState, type SharedCallbackState } from '../callback/shared-state.ts'
import type { Keys } from '../callback/token.ts'
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
import { pathIn } from '../kit/paths.ts'
import type { Random } from '../kit/random.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { openStores, type Stores } from '../store/open-stores.ts'
import type { TicketStore } from '../store/ticket-store.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { Lookups } from '../transport/client/lookups.ts'
import { RetiredUpstreams } from '../upstream/retired.ts'
import { Upstream, type Upstreams, upstreamIn, upstreamsOf } from '../upstream/upstream.ts'
import { callbackConfig } from './callback-config.ts'
import { deliveryStack } from './delivery-stack.ts'
import { storesConfig } from './stores-config.ts'

/** The parts that exist once per gateway, whatever the number of threads, as a server sees them. */
export interface MainThreadApi {
  /** Stores a write of a broadcast route durably, has it delivered, and answers. */
  deliver(route: string, request: GatewayRequest, call: Call): Promise<Outcome>
  /** The status of a write, for a client that has its id. */
  deliveryStatus(id: string): Promise<DeliveryStatus>
  /** Signing keys and ticket stores; undefined until a route uses `callback`. */
  readonly callbacks: MainThreadCallbacks | undefined
}

export interface MainThreadCallbacks {
  readonly keys: () => Keys
  readonly endpoints: () => readonly ReceiveEndpoint[]
  readonly memory: TicketStore
  readonly durable: TicketStore | undefined
}

export interface MainThreadOptions {
  readonly clock: Clock
  readonly random: Random
  readonly memory: SharedMemory
  readonly events: EventBus
  /** The folder of the configuration file; relative paths start here. */
  readonly folder: string
  readonly log: LogText
  readonly reportBug: (fault: unknown, about: string) => void
  /** Replaces the configured store in tests and benchmarks. */
  readonly store: DeliveryStore | undefined
  /** Current traces, for deliveries. */
  readonly traces: () => Traces | undefined
  readonly onKeys?: (keys: Keys) => void
}

/** The parts built for one configuration. */
interface Generation {
  readonly config: Config
  readonly upstreams: Upstreams
  /** By broadcast route. */
  readonly services: ReadonlyMap<string, Service>
  readonly findDelivery: FindDelivery
  readonly deliveryRoutes: readonly DeliveryRoute[]
}

/** Another configuration, ready to be put in force. */
export interface Prepared {
  /** Stops serving the old configuration. */
  commit(): void
  undo(): Promise<void>
}

const nothing: Omit<Generation, 'config'> = {
  upstreams: new Map(),
  services: new Map(),
  findDelivery: () => Promise.resolve(noDelivery),
  deliveryRoutes: [],
}

/** A gateway's store, deliveries, tickets and keys, in the main thread. */
export class MainThread implements MainThreadApi {
  readonly #options: MainThreadOptions
  #stores: Stores | undefined
  /** Path of the open store. */
  #storePath: string | undefined
  #deliveryService: DeliveryService | undefined
  #callbacks: SharedCallbackState | undefined
  readonly #retired: RetiredUpstreams
  readonly #shortages: ShortageLog
  readonly #lookups: Lookups
  readonly #facts = new Map<string, RouteFacts>()
  #generation: Generation

  private constructor(config: Config, options: MainThreadOptions) {
    this.#options = options
    this.#retired = new RetiredUpstreams(options.clock)
    this.#shortages = new ShortageLog(options)
    this.#lookups = new Lookups(options)
    this.#generation = { config, ...nothing }
  }

  /** Throws a `StartupError` on failure. */
  static async start(config: Config, options: MainThreadOptions): Promise<MainThread> {
    const mainThread = new MainThread(config, options)
    try {
      const prepared = await mainThread.prepare(config)
      prepared.commit()
      return mainThread
    } catch (fault) {
      await mainThread.close()
      throw fault
    }
  }

  deliver(route: string, request: GatewayRequest, call: Call): Promise<Outcome> {
    // Looked up for each call, as a reload changes it.
    const service = this.#generation.services.get(route) ?? ended
    return service(request, call)
  }

  deliveryStatus(id: string): Promise<DeliveryStatus> {
    return this.#generation.findDelivery(id)
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

  get callbacks(): MainThreadCallbacks | undefined {
    return this.#callbacks && { ...this.#callbacks, durable: this.#stores?.tickets }
  }

  /** Late results, for operators. */
  get tickets(): SharedCallbackState['kept'] | undefined {
    return this.#callbacks?.kept
  }

  get store(): DeliveryStore | undefined {
    return this.#options.store ?? this.#stores?.deliveries
  }

  get deliveryService(): DeliveryService | undefined {
    return this.#deliveryService
  }

  /** The upstreams that deliveries go to. */
  get upstreams(): Upstreams {
    return this.#generation.upstreams
  }

  /** Prepares to serve both configurations; throws a `StartupError`, with nothing changed, if it cannot. */
  async prepare(config: Config): Promise<Prepared> {
    const before = this.#generation
    const [storePath, deliveryService, callbacks] = [this.#storePath, this.#deliveryService, this.#callbacks]
    await this.#open(config)
    const built = this.#build(config)
    const both = [...built.deliveryRoutes, ...absentFrom(before.deliveryRoutes, built.deliveryRoutes)]
    await this.#deliver(config, both)
    this.#generation = { ...built, services: new Map([...before.services, ...built.services]) }
    return {
      commit: () => this.#commit(before, built),
      undo: async () => {
        this.#generation = before
        this.#deliveryService?.deliveries.reconfigure(before.deliveryRoutes)
        for (const upstream of absent(built.upstreams, before.upstreams)) upstream.client.destroy()
        if (deliveryService === undefined) await this.#stopBroadcasting()
        if (storePath === undefined) await this.#closeStore()
        if (callbacks !== undefined) callbacks.update(callbackConfig(before.config), this.#stores?.tickets)
        else this.#endCallbacks()
      },
    }
  }

  async drain(graceMs: number): Promise<void> {
    await this.#deliveryService?.stop(graceMs)
  }

  async close(): Promise<void> {
    await this.#deliveryService?.stop(0)
    this.#callbacks?.close()
    this.#retired.close()
    this.#lookups.close()
    await this.#closeStore()
    for (const { client } of this.#generation.upstreams.values()) client.destroy()
  }

  #endCallbacks(): void {
    this.#callbacks?.close()
    this.#callbacks = undefined
  }

  async #stopBroadcasting(): Promise<void> {
    await this.#deliveryService?.stop(0)
    this.#deliveryService = undefined
  }

  async #closeStore(): Promise<void> {
    await this.#stores?.close()
    this.#stores = undefined
    this.#storePath = undefined
  }

  async #open(config: Config): Promise<void> {
    const { folder, store } = this.#options
    const path = pathIn(folder, config.store.path)
    if (this.#storePath !== undefined && path !== this.#storePath) {
      throw new StartupError(
        `store.path cannot change from ${this.#storePath} to ${path} while the gateway runs: restart it`,
        ['store', 'path'],
      )
    }
    if (this.#stores === undefined && store === undefined) {
      this.#stores = await openStores(storesConfig(config), this.#options)
      if (this.#stores !== undefined) this.#storePath = path
    }
    const durable = this.#stores?.tickets
    const { onKeys } = this.#options
    const options = { ...this.#options, durable, ...(onKeys !== undefined && { onChanged: onKeys }) }
    const callbacks = callbackConfig(config)
    if (this.#callbacks === undefined) this.#callbacks = openSharedCallbackState(callbacks, options)
    else this.#callbacks.update(callbacks, durable)
  }

  #build(config: Config): Generation {
    const { clock, random, memory, traces, log } = this.#options
    const routes = config.routes.filter(({ strategy }) => strategy.name === 'broadcast')
    const names = new Set(routes.map((route) => optionsIf('broadcast', route)?.upstream ?? ''))
    const configs = Object.fromEntries(Object.entries(config.upstreams).filter(([name]) => names.has(name)))
    // Deliveries go to every target, so no target is chosen by client address.
    const made = { clock, random, trusts: () => false, shortages: this.#shortages, resolve: this.#lookups.resolve, log }
    const make = (name: string, options: (typeof configs)[string]) =>
      new Upstream(name, options, { ...made, memory: memory.scope(`upstream ${name}`) })
    const upstreams = upstreamsOf(configs, make, this.#generation.upstreams)
    const deliveryRoutes: DeliveryRoute[] = []
    const services = new Map<string, Service>()
    this.#deliveryService ??= this.#startDeliveryService(config)
    const { store, deliveries } = this.#deliveryService ?? {}
    if (store === undefined || deliveries === undefined) return { ...nothing, config, upstreams }
    const attemptTrace = traces()?.attemptLayer
    const upstream = upstreamIn(upstreams)
    const deps = { clock, random, memory, store, deliveries, newId: newDeliveryId, upstream, attemptTrace }
    for (const route of routes) {
      const options = optionsIf('broadcast', route)
      if (options === undefined) continue
      const name = matchText(route.match)
      const { service, route: deliveryRoute } = deliveryStack(name, options, deps)
      deliveryRoutes.push(deliveryRoute)
      services.set(name, service)
    }
    const findDelivery = deliveryFinder(store, deliveries, exposure(config.routes))
    return { config, upstreams, services, findDelivery, deliveryRoutes }
  }

  #startDeliveryService(config: Config): DeliveryService | undefined {
    const { store } = this
    if (store === undefined || config.routes.every(({ strategy }) => strategy.name !== 'broadcast')) return undefined
    const { retention: retentionMs } = config.store
    return startDeliveryService({ ...this.#options, store, retentionMs, traces: this.#options.traces() })
  }

  async #deliver(config: Config, routes: readonly DeliveryRoute[]): Promise<void> {
    if (this.#deliveryService === undefined) return
    if (this.#deliveryService.isResumed) this.#deliveryService.update(this.#deliveryChange(config, routes))
    else await this.#deliveryService.resume(routes)
  }

  #commit(before: Generation, built: Generation): void {
    const { config } = built
    const isCurrent = this.#generation.config === config
    // A later reload may have finished meanwhile; it took over everything that is not freed here.
    for (const upstream of absent(before.upstreams, this.#generation.upstreams)) this.#retired.add(upstream)
    if (!isCurrent) return
    this.#generation = built
    this.#facts.clear()
    this.#deliveryService?.update(this.#deliveryChange(config, built.deliveryRoutes))
    this.#stores?.update(storesConfig(config))
  }

  #deliveryChange({ store }: Config, routes: readonly DeliveryRoute[]): DeliveryChange {
    return { routes, retentionMs: store.retention, traces: this.#options.traces() }
  }
}

const ended: Service = () => Promise.resolve(failed(failure('INTERNAL', 'The gateway is shutting down')))

/** Whether a client may see the names of targets. For a route that no longer exists it may not. */
function exposure(routes: readonly RouteConfig[]): (route: string) => boolean {
  const isExposed = new Map(routes.map((route) => [matchText(route.match), route.expose === 'attempts']))
  return (route) => isExposed.get(route) ?? false
}

function absentFrom(some: readonly DeliveryRoute[], others: readonly DeliveryRoute[]): readonly DeliveryRoute[] {
  const names = new Set(others.map(({ name }) => name))
  return some.filter(({ name }) => !names.has(name))
}

function absent(some: Upstreams, others: Upstreams): readonly Upstream[] {
  return [...some].filter(([name, upstream]) => others.get(name) !== upstream).map(([, upstream]) => upstream)
}
