import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type Inspector, noConnections } from '../admin/inspector.ts'
import { deliveryPage } from '../broadcast/delivery-page.ts'
import {
  type CallbackEndpoints,
  type CallbackEndpointsChange,
  startCallbackEndpoints,
} from '../callback/callback-endpoints.ts'
import type { CallbackPeers, CallbackReceiver } from '../callback/take-callback.ts'
import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import { StartupError } from '../kit/startup-error.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import { Lookups } from '../transport/client/lookups.ts'
import { type ConnectionFigures, sumOfConnections } from '../transport/server/connection-counts.ts'
import type { Listener } from '../transport/server/listener.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import type { Resolve, RoutedHandler, RouteHandler } from '../transport/server/route-handler.ts'
import { RetiredUpstreams } from '../upstream/retired.ts'
import { Upstream, type Upstreams, upstreamIn, upstreamsOf } from '../upstream/upstream.ts'
import { type Acceptor, listenOptions } from './acceptor.ts'
import { Admission, gatewayScope } from './admission.ts'
import { callbackConfig } from './callback-config.ts'
import { failurePolicy } from './failure-policy.ts'
import { heldLimit } from './held-limit.ts'
import { localInspector } from './inspect/local.ts'
import type { MainThreadApi } from './main-thread.ts'
import { indexPage, type Pages, pageRoutes } from './pages.ts'
import { routeStack } from './route-stack.ts'
import { router } from './router.ts'
import type { ThreadTelemetry } from './telemetry/thread-telemetry.ts'

export interface ServerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly memory: SharedMemory
  readonly events: EventBus
  readonly mainThread: MainThreadApi
  readonly telemetry: ThreadTelemetry
  /** How clients' connections come in. */
  readonly acceptor: Acceptor
  readonly pages: Pages
  /** The other workers, for callbacks whose call waits there. */
  readonly peers?: CallbackPeers | undefined
  readonly log: LogText
  readonly reportBug: (fault: unknown, about: string) => void
}

interface Route extends RoutedHandler {
  readonly config: RouteConfig
  readonly strategy: string
}

/** Callback handling of a configuration that is not yet in force. */
interface Calling {
  readonly callbackEndpoints: CallbackEndpoints
  readonly change: CallbackEndpointsChange
}

/** Everything that serves calls in one thread: the front, the routes with their stacks, and the upstreams. */
export class Server {
  readonly view: Inspector
  readonly #options: ServerOptions
  #config: Config
  #proxies: TrustedProxies
  #upstreams: Upstreams = new Map()
  #callbackEndpoints: CallbackEndpoints | undefined
  #admission: Admission | undefined
  /** Request and answer bytes held by this thread's calls. */
  readonly #held: HeldMemory
  #front: Listener | undefined
  #isRetiring = false
  #isDraining = false
  #settled: Promise<void> = Promise.resolve()
  readonly #retiring = new Set<Listener>()
  /** Totals of closed fronts. */
  #former = noConnections
  readonly #retired: RetiredUpstreams
  readonly #shortages: ShortageLog
  readonly #lookups: Lookups

  private constructor(config: Config, options: ServerOptions) {
    this.#config = config
    this.#proxies = new TrustedProxies(config.trust)
    this.#options = options
    this.#retired = new RetiredUpstreams(options.clock)
    this.#shortages = new ShortageLog(options)
    this.#lookups = new Lookups(options)
    this.#held = new HeldMemory(options.memory, heldLimit(config))
    this.view = localInspector(() => ({
      ...options.telemetry.server,
      front: this.#front && { inFlight: () => this.#inFlight(), figures: () => this.#figures() },
      upstreams: this.#upstreams,
      callbacks: this.#callbackEndpoints?.callbacks,
      admission: this.#admission,
    }))
  }

  /** Rejects if the address cannot be listened on. */
  static async start(config: Config, options: ServerOptions): Promise<Server> {
    const server = new Server(config, options)
    try {
      const { upstreams, resolve, admission, calling } = server.#build(config)
      server.#upstreams = upstreams
      server.#admission = admission
      server.#call(calling)
      server.#front = await options.acceptor.open(config, server.#rules(config, resolve))
      return server
    } catch (fault) {
      await server.close()
      throw fault
    }
  }

  get address(): AddressInfo {
    return this.#listener.address
  }

  /** Identifies this thread in callback tokens. */
  get run(): number | undefined {
    return this.#callbackEndpoints?.callbacks.signer.run
  }

  /** Takes callbacks that came in at other workers; undefined until a route uses `callback`. */
  get callbackReceiver(): CallbackReceiver | undefined {
    return this.#callbackEndpoints?.receiver
  }

  /**
   * Applies another configuration to new calls; calls in flight keep theirs. Rejects, with nothing changed, if a new
   * address cannot be listened on or the server drains. Telemetry has already switched to the new configuration.
   */
  async reload(config: Config): Promise<void> {
    const { acceptor, memory } = this.#options
    const before = { config: this.#config, upstreams: this.#upstreams, front: this.#listener }
    const { upstreams, resolve, admission, calling } = this.#build(config)
    const rules = this.#rules(config, resolve)
    let { front } = before
    try {
      // A retiring server finishes its calls and opens no new address.
      if (!this.#isRetiring && !this.#isDraining) front = await acceptor.move(front, config, rules)
      if (this.#isDraining) throw new StartupError('the gateway is shutting down')
    } catch (fault) {
      if (front !== before.front) await front.close()
      for (const [name, upstream] of upstreams) if (before.upstreams.get(name) !== upstream) upstream.client.destroy()
      if (calling !== undefined && calling.callbackEndpoints !== this.#callbackEndpoints)
        calling.callbackEndpoints.close()
      throw fault
    }
    this.#call(calling)
    this.#config = config
    this.#proxies = rules.proxies
    this.#upstreams = upstreams
    this.#admission = admission
    this.#held.limit(heldLimit(config))
    this.#front = front
    const ended = front === before.front ? front.update(rules) : this.#retire(before.front)
    memory.retain(scopesOf(config))
    this.#settled = ended.then(() => {
      for (const [name, upstream] of before.upstreams) {
        if (upstreams.get(name) !== upstream) this.#retired.add(upstream)
      }
    })
  }

  /** Resolves when all calls that began before the last reload have ended. */
  settled(): Promise<void> {
    return this.#settled
  }

  /** Accepts no new connections; resolves when the last call has ended. */
  async drain(): Promise<void> {
    this.#isDraining = true
    // Calls that wait for a callback need the front to stay open.
    await Promise.all([
      this.#listener.drain(this.#callbackEndpoints?.callbacks.quiet()),
      ...[...this.#retiring].map((front) => front.drain()),
    ])
  }

  /** Like `drain`, but more gently, as other workers still listen on the port. */
  async retire(): Promise<void> {
    this.#isRetiring = true
    await Promise.all([this.#listener.retire(), this.#callbackEndpoints?.callbacks.quiet()])
  }

  async close(): Promise<void> {
    await Promise.all([this.#front?.close(), ...[...this.#retiring].map((front) => front.close())])
    this.#callbackEndpoints?.close()
    this.#retired.close()
    this.#lookups.close()
    for (const { client } of this.#upstreams.values()) client.destroy()
  }

  get #listener(): Listener {
    if (this.#front === undefined) throw new Error('the front does not listen yet')
    return this.#front
  }

  get #fronts(): readonly Listener[] {
    return this.#front === undefined ? [] : [this.#front, ...this.#retiring]
  }

  #inFlight(): number {
    return this.#fronts.reduce((sum, front) => sum + front.inFlight(), 0)
  }

  #figures(): ConnectionFigures {
    return sumOfConnections([this.#former, ...this.#fronts.map((front) => front.figures())])
  }

  async #retire(front: Listener): Promise<void> {
    this.#retiring.add(front)
    await front.retire()
    await front.close()
    this.#retiring.delete(front)
    this.#former = sumOfConnections([this.#former, front.figures()])
  }

  #rules(config: Config, resolve: Resolve) {
    const { clock, events, memory, telemetry, reportBug } = this.#options
    return {
      listen: listenOptions(config),
      resolve,
      proxies: new TrustedProxies(config.trust),
      clock,
      events,
      connections: memory.levels('client connections', 1),
      memory: this.#held,
      newId: randomUUID,
      traceOf: telemetry.traces?.traceOf,
      onAcceptFailed: (code: string) => this.#shortages.onAccept(code),
      reportBug: (fault: unknown, call: { readonly id: string }) => reportBug(fault, call.id),
    }
  }

  #build(config: Config) {
    const { clock, random, memory, mainThread, pages, telemetry, log } = this.#options
    // Asked each time: an upstream that a reload keeps must use the new proxies.
    const trusts = (address: string): boolean => this.#proxies.trusts(address)
    const shared = { clock, random, trusts, log, shortages: this.#shortages, resolve: this.#lookups.resolve }
    const make = (name: string, options: Config['upstreams'][string]) =>
      new Upstream(name, options, { ...shared, memory: memory.scope(`upstream ${name}`) })
    const upstreams = upstreamsOf(config.upstreams, make, this.#upstreams)
    const calling = this.#callBack(config)
    const handlers = calling?.change.handlers ?? []
    const admission = new Admission(config, { clock, random, memory })
    const deps = {
      clock,
      random,
      memory,
      upstream: upstreamIn(upstreams),
      admission,
      deliver: mainThread.deliver.bind(mainThread),
      callbacks: calling?.callbackEndpoints.callbacks,
      attemptTrace: telemetry.traces?.attemptLayer,
    }
    const routes = config.routes.map((route): Route => {
      const stack = routeStack(route, deps)
      return { config: route, strategy: stack.strategy, match: route.match, handler: handlerOf(route, stack) }
    })
    const all: RoutedHandler[] = [...routes, ...pageRoutes(config, pages)]
    if (config.index) all.push(indexPage(routes))
    all.push(...handlers)
    if (routes.some(({ strategy }) => strategy === 'broadcast'))
      all.push(deliveryPage((id) => mainThread.deliveryStatus(id)))
    return { upstreams, resolve: router(all), admission, calling }
  }

  #call(calling: Calling | undefined): void {
    calling?.change.commit()
    this.#callbackEndpoints = calling?.callbackEndpoints
  }

  #callBack(config: Config): Calling | undefined {
    const { clock, mainThread, peers, memory, reportBug } = this.#options
    const kept = mainThread.callbacks
    const callbacks = callbackConfig(config)
    const before = this.#callbackEndpoints
    if (before !== undefined) return { callbackEndpoints: before, change: before.prepare(callbacks, kept?.durable) }
    if (kept === undefined) return undefined
    const frontPort = (): number => this.#listener.address.port
    const callbackEndpoints = startCallbackEndpoints(callbacks, {
      ...kept,
      promises: memory.levels('ticket promises', 1),
      clock,
      peers,
      frontPort,
      reportBug,
    })
    return { callbackEndpoints, change: callbackEndpoints.prepare(callbacks, kept.durable) }
  }
}

/** The scopes that need shared memory. */
export function scopesOf(config: Config): ReadonlySet<string> {
  return new Set([
    gatewayScope,
    ...config.routes.map(({ match }) => `route ${matchText(match)}`),
    ...Object.keys(config.upstreams).map((name) => `upstream ${name}`),
  ])
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
