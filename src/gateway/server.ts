import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { Inspector } from '../admin/inspector.ts'
import type { Callbacks } from '../callback/callbacks.ts'
import { ServerCallbacks } from '../callback/server-callbacks.ts'
import type { SharedCallbacks } from '../callback/shared-state.ts'
import type { CallbackPeers, CallbackReceiver } from '../callback/take-callback.ts'
import { callbackConfig } from '../config/derived/callback-config.ts'
import { heldLimit } from '../config/derived/held-limit.ts'
import type { Config } from '../config/schema.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import { type Change, type Join, prepareAll, type Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import type { ThreadTelemetry } from '../telemetry/thread-telemetry.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { type Acceptor, listenOptions } from '../transport/server/acceptor.ts'
import type { ListenerOptions } from '../transport/server/front-options.ts'
import { Fronts } from '../transport/server/fronts.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import type { Resolve } from '../transport/server/route-handler.ts'
import { router } from '../transport/server/router.ts'
import { type Upstream, upstreamIn } from '../upstream/upstream.ts'
import { UpstreamSet } from '../upstream/upstream-set.ts'
import { localInspector } from './inspect/local.ts'
import type { MainThreadApi } from './main-thread.ts'
import { type Pages, pageRoutes } from './pages.ts'
import { Admission } from './stack/admission.ts'
import { routeHandlers } from './stack/route-handlers.ts'

export interface ServerOptions {
  readonly mainThread: MainThreadApi
  readonly telemetry: ThreadTelemetry
  /** How clients' connections come in. */
  readonly acceptor: Acceptor
  readonly pages: Pages
  /** The other workers, for callbacks whose call waits there. */
  readonly peers?: CallbackPeers | undefined
}

export interface ServerConfig {
  readonly config: Config
  /** Undefined until a route uses `callback`. */
  readonly callbacks: SharedCallbacks | undefined
  /** Set when tracing is enabled. */
  readonly traces: Traces | undefined
}

/** Everything that serves calls in one thread: the front, the routes with their stacks, and the upstreams. */
export class Server implements Reloadable<ServerConfig> {
  readonly view: Inspector
  readonly #runtime: Runtime
  readonly #options: ServerOptions
  #proxies: TrustedProxies
  readonly #upstreams: UpstreamSet
  readonly #callbacks: ServerCallbacks
  #admission: Admission | undefined
  /** Request and answer bytes held by this thread's calls. */
  readonly #held: HeldMemory
  #fronts: Fronts | undefined
  readonly #shortages: ShortageLog

  private constructor(runtime: Runtime, options: ServerOptions, config: Config) {
    this.#runtime = runtime
    this.#options = options
    this.#proxies = new TrustedProxies(config.trust)
    this.#shortages = new ShortageLog(runtime)
    this.#held = new HeldMemory(runtime.memory, heldLimit(config))
    // Asked each time: an upstream that a reload keeps must use the new proxies.
    this.#upstreams = UpstreamSet.of(runtime, (address) => this.#proxies.trusts(address))
    this.#callbacks = new ServerCallbacks(runtime, {
      peers: options.peers,
      frontPort: () => this.#front.address.port,
    })
    this.view = localInspector(() => ({
      ...options.telemetry.inspected,
      front: this.#fronts,
      upstreams: this.#upstreams.current,
      callbacks: this.#callbacks.current,
      admission: this.#admission,
    }))
  }

  /** Rejects if the address cannot be listened on. */
  static async start(runtime: Runtime, options: ServerOptions, next: ServerConfig): Promise<Server> {
    const server = new Server(runtime, options, next.config)
    try {
      const prepared = await prepareAll((join) => server.#prepareRules(next, join), runtime.reportBug)
      prepared.commit()
      server.#fronts = await Fronts.open(options.acceptor, prepared.value)
      return server
    } catch (error) {
      await server.close()
      throw error
    }
  }

  get address(): AddressInfo {
    return this.#front.address
  }

  /** Identifies this thread in callback tokens. */
  get run(): number | undefined {
    return this.#callbacks.current?.signer.run
  }

  /** Takes callbacks that came in at other workers; undefined until a route uses `callback`. */
  get callbackReceiver(): CallbackReceiver | undefined {
    return this.#callbacks.receiver
  }

  /** Rejects if a new address cannot be listened on, or the server drains. */
  prepare(next: ServerConfig): Promise<Required<Change>> {
    return prepareAll(async (join) => {
      const rules = await this.#prepareRules(next, join)
      await join(this.#front.prepare(rules))
    }, this.#runtime.reportBug)
  }

  /** Accepts no new connections; resolves when the last call has ended. */
  async drain(): Promise<void> {
    // Calls that wait for a callback need the front to stay open.
    await this.#front.drain(this.#callbacks.current?.quiet())
  }

  /** Like `drain`, but more gently, as other workers still listen on the port. */
  async retire(): Promise<void> {
    await Promise.all([this.#front.retire(), this.#callbacks.current?.quiet()])
  }

  async close(): Promise<void> {
    await this.#fronts?.close()
    this.#callbacks.close()
    this.#upstreams.close()
  }

  get #front(): Fronts {
    if (this.#fronts === undefined) throw new Error('the front does not listen yet')
    return this.#fronts
  }

  /** Everything but the front, which serves by these rules once it is committed. */
  async #prepareRules({ config, callbacks, traces }: ServerConfig, join: Join): Promise<ListenerOptions> {
    const { upstreams } = await join(this.#upstreams.prepare(config.upstreams))
    const calling = await join(this.#callbacks.prepare({ callbacks: callbackConfig(config), shared: callbacks }))
    const admission = new Admission(config, this.#runtime)
    const proxies = new TrustedProxies(config.trust)
    const upstream = upstreamIn(upstreams)
    const resolve = router([
      ...this.#handlers(config, { upstream, admission, callbacks: calling.callbacks, traces }),
      ...calling.handlers,
    ])
    const commit = (): void => {
      this.#proxies = proxies
      this.#admission = admission
      this.#held.limit(heldLimit(config))
    }
    await join({ commit, rollback: () => {} })
    return this.#rules(config, { resolve, proxies, traceOf: traces?.traceOf })
  }

  #handlers(
    config: Config,
    parts: {
      readonly upstream: (name: string) => Upstream
      readonly admission: Admission
      readonly callbacks: Callbacks | undefined
      readonly traces: Traces | undefined
    },
  ) {
    const { clock, random, memory } = this.#runtime
    const { mainThread, pages } = this.#options
    const { traces, ...rest } = parts
    const deliver = mainThread.deliver.bind(mainThread)
    const deps = { clock, random, memory, deliver, attemptTrace: traces?.attemptLayer, ...rest }
    return [...routeHandlers(config.routes, deps), ...pageRoutes(config, pages, (id) => mainThread.deliveryStatus(id))]
  }

  #rules(
    config: Config,
    rules: {
      readonly resolve: Resolve
      readonly proxies: TrustedProxies
      readonly traceOf: Traces['traceOf'] | undefined
    },
  ): ListenerOptions {
    const { clock, events, memory, reportBug } = this.#runtime
    return {
      ...rules,
      listen: listenOptions(config.listen),
      clock,
      events,
      connections: memory.levels('client connections', 1),
      memory: this.#held,
      newId: randomUUID,
      onAcceptFailed: (code) => this.#shortages.onAccept(code),
      reportBug: (error, call) => reportBug(error, call.id),
    }
  }
}
