import type { AddressInfo } from 'node:net'
import type { Admin } from '../admin/http-server.ts'
import type { Inspector } from '../admin/inspector.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Keys } from '../callback/token.ts'
import { broadcastUpstreams } from '../config/derived/broadcast-config.ts'
import { heldLimit } from '../config/derived/held-limit.ts'
import { scopesOf } from '../config/derived/memory-scopes.ts'
import { telemetryConfig } from '../config/derived/telemetry-config.ts'
import type { Config } from '../config/schema.ts'
import { slotsFor, withPossibleWorkers, workerRange } from '../config/workers.ts'
import { countOf } from '../kit/count-of.ts'
import { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import { apply, type Join, prepareAll } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { StartupError } from '../kit/startup-error.ts'
import { within } from '../kit/within.ts'
import { TelemetryHub } from '../telemetry/telemetry-hub.ts'
import { ThreadTelemetry } from '../telemetry/thread-telemetry.ts'
import { ownAcceptor } from '../transport/server/acceptor.ts'
import { listenError } from '../transport/server/listen-error.ts'
import { HealthMonitor, type MonitoredUpstreams } from '../upstream/health/health-monitor.ts'
import { LoadFigures } from '../upstream/load-figures.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { localInspector } from './inspect/local.ts'
import { mergedInspector } from './inspect/merged.ts'
import { MainThread } from './main-thread.ts'
import { OperatorSide } from './operator-side.ts'
import { type Pages, pagesOf } from './pages.ts'
import { type GatewayChange, Reloads } from './reloads.ts'
import { type ServerGroup, SingleThread } from './server-group.ts'

/** How long closing waits for parts that may never report back, such as a hung worker. */
const patienceMs = 500

/** The composition root: builds every part from the configuration, connects them, reloads them and ends them in order. */
export class RunningGateway {
  readonly view: Inspector
  readonly #deps: GatewayDeps
  readonly #runtime: Runtime
  readonly #health: HealthMonitor
  readonly #loads: LoadFigures
  readonly #hub: TelemetryHub
  readonly #pages: Pages
  readonly #operators: OperatorSide
  readonly #reloads: Reloads
  /** Run in reverse order. */
  readonly #closers: (() => Promise<void>)[] = []
  #config: Config
  #telemetry: ThreadTelemetry | undefined
  #mainThread: MainThread | undefined
  #servers: ServerGroup | undefined
  #address: AddressInfo | undefined
  #draining = false

  constructor(config: Config, deps: GatewayDeps) {
    const { clock, random, log = () => {}, reportBug } = deps
    this.#config = config
    this.#deps = deps
    const range = workerRange(config.workers)
    const slots = range === undefined ? 1 : slotsFor(range)
    // The last slot belongs to this thread.
    const memory = new SharedMemory({ slot: slots - 1, slots })
    this.#runtime = { clock, random, memory, events: new EventBus(reportBug), log, reportBug }
    this.#hub = new TelemetryHub(telemetryConfig(config), clock)
    this.#health = new HealthMonitor(this.#runtime)
    this.#loads = new LoadFigures(this.#runtime)
    this.#reloads = new Reloads(this.#runtime, {
      prepare: (next) => this.#prepare(next),
      reasonOf: (error, next) => this.#reasonOf(error, next),
    })
    const here = localInspector(() => ({
      // Without workers, the server in this thread reports this telemetry itself.
      ...(range !== undefined && this.#telemetry?.inspected),
      upstreams: this.#mainThread?.upstreams,
    }))
    this.view = mergedInspector(() => [here, ...(this.#servers?.views() ?? [])], clock)
    this.#pages = pagesOf(this.#hub.metrics, this.view)
    this.#operators = new OperatorSide(this.#runtime, {
      deps,
      view: this.view,
      hub: this.#hub,
      // Created before the workers, which attach to it.
      held: new HeldMemory(memory, heldLimit(config)),
      health: this.#health,
      loads: this.#loads,
      mainThread: () => this.#mainThread,
      servers: () => this.#servers,
      reloads: () => this.#reloads.figures,
      isReady: () => !this.#draining,
    })
  }

  get events(): EventBus {
    return this.#runtime.events
  }

  get address(): AddressInfo {
    if (this.#address === undefined) throw new Error('the gateway has not been started yet')
    return this.#address
  }

  get admin(): Admin | undefined {
    return this.#operators.admin
  }

  async start(): Promise<void> {
    const config = this.#config
    const { logLine, logDropped, stop, folder = '.', store } = this.#deps
    const isHere = workerRange(config.workers) === undefined
    this.#closers.push(async () => this.#hub.close())
    // Started first and so closed last: it also observes calls that end while the other parts close.
    const telemetry = await ThreadTelemetry.start(
      this.#runtime,
      { logLine: isHere ? logLine : undefined, logDropped },
      { telemetry: telemetryConfig(config), block: this.#hub.block },
    )
    this.#telemetry = telemetry
    this.#closers.push(() => telemetry.close())
    stop?.throwIfAborted()
    const { traces } = telemetry
    const onKeys = (keys: Keys): void => this.#servers?.learnKeys(keys)
    const mainThread = await MainThread.start(this.#runtime, { folder, store, onKeys }, { config, traces })
    this.#mainThread = mainThread
    this.#closers.push(() => mainThread.close())
    stop?.throwIfAborted()
    // Before the workers start, as they attach to its memory.
    await apply(this.#health, monitored(config))
    await apply(this.#loads, config.upstreams)
    this.#closers.push(async () => this.#health.close())
    // Work that a reload started ends with the servers, and is not closed while it runs.
    this.#closers.push(() => this.#within(patienceMs, this.#reloads.idle))
    const servers = isHere ? this.#singleThread(telemetry, mainThread) : await this.#workerGroup(mainThread)
    this.#servers = servers
    this.#closers.push(() => servers.close())
    this.#address = await servers.start({ config, callbacks: mainThread.callbacks, traces }, stop)
    stop?.throwIfAborted()
    this.#closers.push(() => this.#operators.close())
    await apply(this.#operators, config)
    this.#operators.show(config)
    stop?.throwIfAborted()
  }

  reload(config: Config): Promise<Reloaded> {
    return this.#reloads.reload(withPossibleWorkers(config, this.#deps.platform))
  }

  reloadRefused(): void {
    this.#reloads.refused()
  }

  async drain(): Promise<void> {
    this.#draining = true
    this.#operators.drain()
    const { drain: limitMs } = this.#config
    // A reload in progress notices the stop and gives up; it may hang if its workers hang.
    const ended = Promise.all([this.#servers?.drain(), this.#mainThread?.drain(limitMs)])
    await this.#within(limitMs, Promise.all([ended, this.#reloads.idle]))
    let cutOff = 0
    const counted = this.view.inFlight().then((count) => {
      cutOff = count
    })
    await this.#within(patienceMs, counted)
    if (cutOff > 0)
      this.#runtime.log(`${countOf(cutOff, 'call')} still in flight after ${limitMs} ms: closing their connections`)
    await this.close()
  }

  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close()
  }

  /** A part that another one needs is prepared before it; see `kit/reload.ts` for what follows from the order. */
  #prepare(config: Config): Promise<GatewayChange> {
    const [telemetry, mainThread, servers] = [this.#telemetry, this.#mainThread, this.#servers]
    return prepareAll(async (joinAny) => {
      if (telemetry === undefined || mainThread === undefined || servers === undefined) throw ending()
      const join: Join = async (preparing) => {
        const change = await joinAny(preparing)
        if (this.#draining) throw ending()
        return change
      }
      const refusal = this.#draining ? ending() : servers.refusal(config.workers)
      if (refusal !== undefined) throw refusal
      await join(this.#runtime.memory.prepare({ scopes: scopesOf(config) }))
      const { block } = await join(this.#hub.prepare(telemetryConfig(config)))
      const { traces } = await join(telemetry.prepare({ telemetry: telemetryConfig(config), block }))
      await join(this.#operators.prepare(config))
      await join(this.#health.prepare(monitored(config)))
      await join(this.#loads.prepare(config.upstreams))
      const { value: callbacks } = await join(mainThread.prepare({ config, traces }))
      const change = await servers.prepare({ config, callbacks, traces })
      // A long-lived call (a WebSocket, say) must not keep what its server shares with others for ever.
      const retired = (): Promise<void> => this.#within(this.#config.drain, change.retired())
      await join({ ...change, retired })
      await join({ commit: () => this.#show(config), rollback: () => {} })
      return () => change.inForce()
    }, this.#runtime.reportBug)
  }

  #show(config: Config): void {
    this.#config = config
    this.#operators.show(config)
  }

  /** Undefined if the cause is a bug of the gateway. */
  #reasonOf(error: unknown, config: Config): StartupError | undefined {
    if (error instanceof StartupError) return error
    return this.#draining ? ending() : listenError(error, config)
  }

  #singleThread(telemetry: ThreadTelemetry, mainThread: MainThread): ServerGroup {
    const acceptor = ownAcceptor({ isShared: false })
    return new SingleThread(this.#runtime, { telemetry, mainThread, pages: this.#pages, acceptor })
  }

  async #workerGroup(mainThread: MainThread): Promise<ServerGroup> {
    const { WorkerGroup } = await import('./threads/worker-group.ts')
    const { logLine } = this.#deps
    return new WorkerGroup(this.#runtime, { counts: this.#hub.counts, mainThread, pages: this.#pages, logLine })
  }

  #within(limitMs: number, promise: Promise<unknown>): Promise<void> {
    return within(limitMs, this.#runtime.clock, promise)
  }
}

function ending(): StartupError {
  return new StartupError('the gateway is shutting down')
}

function monitored(config: Config): MonitoredUpstreams {
  return { upstreams: config.upstreams, withDeliveries: broadcastUpstreams(config) }
}
