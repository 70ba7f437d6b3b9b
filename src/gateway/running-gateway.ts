import type { AddressInfo } from 'node:net'
import type { Admin } from '../admin/http-server.ts'
import type { Inspector } from '../admin/inspector.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import { withPossibleWorkers, workerRange } from '../config/workers.ts'
import { countOf } from '../kit/count-of.ts'
import { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import { apply, type Join, prepareAll } from '../kit/reload.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { StartupError } from '../kit/startup-error.ts'
import { within } from '../kit/within.ts'
import { HealthMonitor, type MonitoredUpstreams } from '../upstream/health/health-monitor.ts'
import { LoadFigures } from '../upstream/load-figures.ts'
import { ownAcceptor } from './acceptor.ts'
import { broadcastUpstreams } from './broadcasts.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { heldLimit } from './held-limit.ts'
import { localInspector } from './inspect/local.ts'
import { mergedInspector } from './inspect/merged.ts'
import { listenError } from './listen-error.ts'
import { MainThread, type MainThreadOptions } from './main-thread.ts'
import { scopesOf } from './memory-scopes.ts'
import { OperatorSide } from './operator-side.ts'
import { type Pages, pagesOf } from './pages.ts'
import { type GatewayChange, Reloads } from './reloads.ts'
import { type ServerGroup, SingleThread } from './server-group.ts'
import { TelemetryHub } from './telemetry/telemetry-hub.ts'
import { ThreadTelemetry } from './telemetry/thread-telemetry.ts'
import { slotsFor } from './threads/slots.ts'

/** How long closing waits for parts that may never report back, such as a hung worker. */
const patienceMs = 500

/** The composition root: builds every part from the configuration, connects them, reloads them and ends them in order. */
export class RunningGateway {
  readonly events: EventBus
  readonly view: Inspector
  readonly #deps: GatewayDeps & Required<Pick<GatewayDeps, 'folder' | 'log'>>
  readonly #memory: SharedMemory
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
    const { clock, reportBug } = deps
    this.#config = config
    this.#deps = { folder: '.', log: () => {}, ...deps }
    this.events = new EventBus(reportBug)
    this.#hub = new TelemetryHub(config, clock)
    const range = workerRange(config.workers)
    const slots = range === undefined ? 1 : slotsFor(range)
    // The last slot belongs to this thread.
    this.#memory = new SharedMemory({ slot: slots - 1, slots })
    this.#health = new HealthMonitor({ ...this.#deps, memory: this.#memory })
    this.#loads = new LoadFigures({ clock, memory: this.#memory })
    this.#reloads = new Reloads({
      clock,
      reportBug,
      prepare: (next) => this.#prepare(next),
      reasonOf: (error, next) => this.#reasonOf(error, next),
    })
    const here = localInspector(() => ({
      // Without workers, the server in this thread reports this telemetry itself.
      ...(range !== undefined && this.#telemetry?.server),
      upstreams: this.#mainThread?.upstreams,
    }))
    this.view = mergedInspector(() => [here, ...(this.#servers?.views() ?? [])], clock)
    this.#pages = pagesOf(this.#hub.metrics, this.view)
    this.#operators = new OperatorSide({
      deps: this.#deps,
      view: this.view,
      hub: this.#hub,
      memory: this.#memory,
      // Created before the workers, which attach to it.
      held: new HeldMemory(this.#memory, heldLimit(config)),
      health: this.#health,
      loads: this.#loads,
      mainThread: () => this.#mainThread,
      servers: () => this.#servers,
      reloads: () => this.#reloads.figures,
      isReady: () => !this.#draining,
    })
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
    const { logLine, stop, clock } = this.#deps
    const isHere = workerRange(config.workers) === undefined
    this.#closers.push(async () => this.#hub.close())
    // Started first and so closed last: it also observes calls that end while the other parts close.
    const telemetry = await ThreadTelemetry.start(config, {
      ...this.#deps,
      events: this.events,
      block: this.#hub.block,
      logLine: isHere ? logLine : undefined,
    })
    this.#telemetry = telemetry
    this.#closers.push(() => telemetry.close())
    stop?.throwIfAborted()
    const { traces } = telemetry
    const mainThread = await MainThread.start({ config, traces }, this.#mainThreadOptions())
    this.#mainThread = mainThread
    this.#closers.push(() => mainThread.close())
    stop?.throwIfAborted()
    // Before the workers start, as they attach to its memory.
    await apply(this.#health, monitored(config))
    await apply(this.#loads, config.upstreams)
    this.#closers.push(async () => this.#health.close())
    // Work that a reload started ends with the servers, and is not closed while it runs.
    this.#closers.push(() => within(patienceMs, clock, this.#reloads.idle))
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
    await within(limitMs, this.#deps.clock, Promise.all([ended, this.#reloads.idle]))
    let cutOff = 0
    const counted = this.view.inFlight().then((count) => {
      cutOff = count
    })
    await within(patienceMs, this.#deps.clock, counted)
    if (cutOff > 0)
      this.#deps.log(`${countOf(cutOff, 'call')} still in flight after ${limitMs} ms: closing their connections`)
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
      const refusal = this.#draining ? ending() : servers.refusal(config)
      if (refusal !== undefined) throw refusal
      await join(this.#memory.prepare({ scopes: scopesOf(config) }))
      const { block } = await join(this.#hub.prepare(config))
      const { traces } = await join(telemetry.prepare({ config, block }))
      await join(this.#operators.prepare(config))
      await join(this.#health.prepare(monitored(config)))
      await join(this.#loads.prepare(config.upstreams))
      const { value: callbacks } = await join(mainThread.prepare({ config, traces }))
      const change = await servers.prepare({ config, callbacks, traces })
      // A long-lived call (a WebSocket, say) must not keep what its server shares with others for ever.
      const retired = (): Promise<void> => within(this.#config.drain, this.#deps.clock, change.retired())
      await join(Promise.resolve({ ...change, retired }))
      await join(Promise.resolve({ commit: () => this.#show(config), rollback: () => {} }))
      return () => change.inForce()
    }, this.#deps.reportBug)
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

  #mainThreadOptions(): MainThreadOptions {
    return {
      ...this.#deps,
      store: this.#deps.store,
      memory: this.#memory,
      events: this.events,
      onKeys: (keys) => this.#servers?.learnKeys(keys),
    }
  }

  #singleThread(telemetry: ThreadTelemetry, mainThread: MainThread): ServerGroup {
    return new SingleThread({
      ...this.#deps,
      memory: this.#memory,
      events: this.events,
      telemetry,
      mainThread,
      pages: this.#pages,
      acceptor: ownAcceptor({ isShared: false }),
    })
  }

  async #workerGroup(mainThread: MainThread): Promise<ServerGroup> {
    const { WorkerGroup } = await import('./threads/worker-group.ts')
    return new WorkerGroup({
      ...this.#deps,
      events: this.events,
      counts: this.#hub.counts,
      memory: this.#memory,
      mainThread,
      pages: this.#pages,
      logLine: this.#deps.logLine,
    })
  }
}

function ending(): StartupError {
  return new StartupError('the gateway is shutting down')
}

function monitored(config: Config): MonitoredUpstreams {
  return { upstreams: config.upstreams, withDeliveries: broadcastUpstreams(config) }
}
