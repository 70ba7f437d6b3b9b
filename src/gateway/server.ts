import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { Inspector } from '../admin/inspector.ts'
import type { Callbacks } from '../callback/callbacks.ts'
import type { SharedCallbacks } from '../callback/shared-state.ts'
import type { CallbackPeers, CallbackReceiver } from '../callback/take-callback.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import { type Change, type Join, prepareAll, type Reloadable, type ReportBug } from '../kit/reload.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import { Lookups } from '../transport/client/lookups.ts'
import type { FrontOptions } from '../transport/server/front-options.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import type { Resolve } from '../transport/server/route-handler.ts'
import type { UpstreamOptions } from '../upstream/options.ts'
import { Upstream, upstreamIn } from '../upstream/upstream.ts'
import { UpstreamSet } from '../upstream/upstream-set.ts'
import { type Acceptor, listenOptions } from './acceptor.ts'
import { Admission } from './admission.ts'
import { Fronts } from './fronts.ts'
import { heldLimit } from './held-limit.ts'
import { localInspector } from './inspect/local.ts'
import type { MainThreadApi } from './main-thread.ts'
import type { Pages } from './pages.ts'
import { routedHandlers } from './routed-handlers.ts'
import { router } from './router.ts'
import { ServerCallbacks } from './server-callbacks.ts'
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
  readonly reportBug: ReportBug
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
  readonly #options: ServerOptions
  #proxies: TrustedProxies
  readonly #upstreams: UpstreamSet
  readonly #callbacks: ServerCallbacks
  #admission: Admission | undefined
  /** Request and answer bytes held by this thread's calls. */
  readonly #held: HeldMemory
  #fronts: Fronts | undefined
  readonly #shortages: ShortageLog
  readonly #lookups: Lookups

  private constructor(config: Config, options: ServerOptions) {
    const { clock, random, memory, log, telemetry } = options
    this.#proxies = new TrustedProxies(config.trust)
    this.#options = options
    this.#shortages = new ShortageLog(options)
    this.#lookups = new Lookups(options)
    this.#held = new HeldMemory(memory, heldLimit(config))
    // Asked each time: an upstream that a reload keeps must use the new proxies.
    const trusts = (address: string): boolean => this.#proxies.trusts(address)
    const shared = { clock, random, trusts, log, shortages: this.#shortages, resolve: this.#lookups.resolve }
    const make = (name: string, upstream: UpstreamOptions): Upstream =>
      new Upstream(name, upstream, { ...shared, memory: memory.scope(`upstream ${name}`) })
    this.#upstreams = new UpstreamSet({ clock, make })
    this.#callbacks = new ServerCallbacks({ ...options, frontPort: () => this.#front.address.port })
    this.view = localInspector(() => ({
      ...telemetry.server,
      front: this.#fronts,
      upstreams: this.#upstreams.current,
      callbacks: this.#callbacks.current,
      admission: this.#admission,
    }))
  }

  /** Rejects if the address cannot be listened on. */
  static async start(next: ServerConfig, options: ServerOptions): Promise<Server> {
    const server = new Server(next.config, options)
    try {
      const prepared = await prepareAll((join) => server.#prepareRules(next, join), options.reportBug)
      prepared.commit()
      server.#fronts = await Fronts.open(options.acceptor, { config: next.config, rules: prepared.value })
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
      await join(this.#front.prepare({ config: next.config, rules }))
    }, this.#options.reportBug)
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
    this.#lookups.close()
  }

  get #front(): Fronts {
    if (this.#fronts === undefined) throw new Error('the front does not listen yet')
    return this.#fronts
  }

  /** Everything but the front, which serves by these rules once it is committed. */
  async #prepareRules({ config, callbacks, traces }: ServerConfig, join: Join): Promise<FrontOptions> {
    const { clock, random, memory } = this.#options
    const { upstreams } = await join(this.#upstreams.prepare(config.upstreams))
    const calling = await join(this.#callbacks.prepare({ config, shared: callbacks }))
    const admission = new Admission(config, { clock, random, memory })
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
    await join(Promise.resolve({ commit, rollback: () => {} }))
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
    const { clock, random, memory, mainThread, pages } = this.#options
    const { traces, ...rest } = parts
    const deliver = mainThread.deliver.bind(mainThread)
    const deps = { clock, random, memory, deliver, attemptTrace: traces?.attemptLayer, ...rest }
    return routedHandlers(config, { mainThread, pages }, deps)
  }

  #rules(
    config: Config,
    rules: {
      readonly resolve: Resolve
      readonly proxies: TrustedProxies
      readonly traceOf: Traces['traceOf'] | undefined
    },
  ): FrontOptions {
    const { clock, events, memory, reportBug } = this.#options
    return {
      ...rules,
      listen: listenOptions(config),
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
