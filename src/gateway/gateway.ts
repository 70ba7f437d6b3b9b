import type { AddressInfo } from 'node:net'
import type { Admin } from '../admin/http-server.ts'
import type { Inspector } from '../admin/inspector.ts'
import { type OperatorApi, startOperatorApi } from '../admin/operator-api.ts'
import { ReloadableAdmin } from '../admin/reloadable-admin.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import { workerRange } from '../config/workers.ts'
import { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import { apply, type Join, prepareAll } from '../kit/reload.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { StartupError } from '../kit/startup-error.ts'
import { within } from '../kit/within.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import { HealthMonitor, type MonitoredUpstreams } from '../upstream/health/health-monitor.ts'
import { LoadFigures } from '../upstream/load-figures.ts'
import { canSharePort, ownAcceptor } from './acceptor.ts'
import { broadcastUpstreams } from './broadcasts.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { heldLimit } from './held-limit.ts'
import { localInspector } from './inspect/local.ts'
import { mergedInspector } from './inspect/merged.ts'
import { listenFault } from './listen-fault.ts'
import { MainThread, type MainThreadOptions } from './main-thread.ts'
import { scopesOf } from './memory-scopes.ts'
import { type Pages, pagesOf } from './pages.ts'
import { type GatewayChange, Reloads } from './reloads.ts'
import { type ServerGroup, SingleThread } from './server-group.ts'
import { TelemetryHub } from './telemetry/telemetry-hub.ts'
import { ThreadTelemetry } from './telemetry/thread-telemetry.ts'
import { slotsFor } from './threads/worker-pool.ts'

export interface Gateway {
  /** The front's address. */
  readonly address: AddressInfo
  readonly admin: Admin | undefined
  /** Events of this thread only. */
  readonly events: EventBus
  /** Covers all threads. */
  readonly view: Inspector
  /** Puts another configuration in force for new calls; calls in flight keep the old one. */
  reload(config: Config): Promise<Reloaded>
  /** Call this when a configuration was read that cannot be put in force. */
  reloadRefused(): void
  /** Graceful end: no new connections; calls in flight may finish within the configured time; then all is closed. */
  drain(): Promise<void>
  /** Closes immediately. */
  close(): Promise<void>
}

/** The composition root: builds every part from the configuration, connects them, and opens the listeners. */
export async function startGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const { platform = process.platform, log } = deps
  if (workerRange(config.workers) !== undefined && !canSharePort(platform)) {
    log?.(`${platform} cannot share a port among threads: serving in one thread, not in workers`, 'warn')
  }
  const gateway = new RunningGateway(possibleConfig(config, platform), deps)
  try {
    await gateway.start()
    return gateway
  } catch (fault) {
    // If one part cannot open, none stays open.
    if (deps.stop?.aborted === true) await gateway.drain()
    else await gateway.close()
    throw fault
  }
}

/** The same configuration with one thread, where several cannot listen on one port. */
function possibleConfig(config: Config, platform: NodeJS.Platform = process.platform): Config {
  return canSharePort(platform) ? config : { ...config, workers: 1 }
}

/** How long closing waits for parts that may never report back, such as a hung worker. */
const patienceMs = 500

class RunningGateway implements Gateway {
  readonly events: EventBus
  readonly view: Inspector
  readonly #deps: GatewayDeps & Required<Pick<GatewayDeps, 'folder' | 'log'>>
  readonly #startedAtMs: number
  readonly #memory: SharedMemory
  /** Memory that calls of all threads hold. */
  readonly #held: HeldMemory
  readonly #health: HealthMonitor
  readonly #loads: LoadFigures
  readonly #hub: TelemetryHub
  readonly #pages: Pages
  readonly #admin: ReloadableAdmin
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
    this.#startedAtMs = clock.wallNow()
    this.events = new EventBus(reportBug)
    this.#hub = new TelemetryHub(config, clock)
    const range = workerRange(config.workers)
    const slots = range === undefined ? 1 : slotsFor(range)
    // The last slot belongs to this thread.
    this.#memory = new SharedMemory({ slot: slots - 1, slots })
    // Created before the workers, which attach to it.
    this.#held = new HeldMemory(this.#memory, heldLimit(config))
    this.#admin = new ReloadableAdmin({ ...this.#deps, start: (asked) => this.#operate(asked) })
    this.#health = new HealthMonitor({ ...this.#deps, memory: this.#memory })
    this.#loads = new LoadFigures({ clock, memory: this.#memory })
    this.#reloads = new Reloads({
      clock,
      reportBug,
      prepare: (next) => this.#prepare(next),
      reasonOf: (fault, next) => this.#reasonOf(fault, next),
    })
    const here = localInspector(() => ({
      // Without workers, the server in this thread reports this telemetry itself.
      ...(range !== undefined && this.#telemetry?.server),
      upstreams: this.#mainThread?.upstreams,
    }))
    this.view = mergedInspector(() => [here, ...(this.#servers?.views() ?? [])], clock)
    this.#pages = pagesOf(this.#hub.metrics, this.view)
  }

  get address(): AddressInfo {
    if (this.#address === undefined) throw new Error('the gateway has not been started yet')
    return this.#address
  }

  get admin(): Admin | undefined {
    return this.#admin.current
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
    this.#connect()
    this.#closers.push(() => this.#admin.close())
    await apply(this.#admin, config)
    stop?.throwIfAborted()
  }

  reload(config: Config): Promise<Reloaded> {
    return this.#reloads.reload(possibleConfig(config, this.#deps.platform))
  }

  reloadRefused(): void {
    this.#reloads.refused()
  }

  async drain(): Promise<void> {
    this.#draining = true
    this.#admin.drain()
    const { drain: limitMs } = this.#config
    // A reload in progress notices the stop and gives up; it may hang if its workers hang.
    const ended = Promise.all([this.#servers?.drain(), this.#mainThread?.drain(limitMs)])
    await within(limitMs, this.#deps.clock, Promise.all([ended, this.#reloads.idle]))
    let cutOff = 0
    const counted = this.view.inFlight().then((count) => {
      cutOff = count
    })
    await within(patienceMs, this.#deps.clock, counted)
    if (cutOff > 0) this.#deps.log(`${cutOff} still in flight after ${limitMs} ms: cut off`)
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
      await join(this.#admin.prepare(config))
      await join(this.#health.prepare(monitored(config)))
      await join(this.#loads.prepare(config.upstreams))
      const { value: callbacks } = await join(mainThread.prepare({ config, traces }))
      const change = await servers.prepare({ config, callbacks, traces })
      // A long-lived call (a WebSocket, say) must not keep what its server shares with others for ever.
      const retired = (): Promise<void> => within(this.#config.drain, this.#deps.clock, change.retired())
      await join(Promise.resolve({ ...change, retired }))
      await join(Promise.resolve({ commit: () => this.#switchTo(config), rollback: () => {} }))
      return () => change.inForce()
    }, this.#deps.reportBug)
  }

  #switchTo(config: Config): void {
    this.#config = config
    this.#connect()
    this.#admin.change(config, this.#operated())
  }

  /** Undefined if the cause is a bug of the gateway. */
  #reasonOf(fault: unknown, config: Config): StartupError | undefined {
    if (fault instanceof StartupError) return fault
    return this.#draining ? ending() : listenFault(fault, config)
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

  #operate(config: Config): Promise<OperatorApi | undefined> {
    const shortages = new ShortageLog({ ...this.#deps, memory: this.#memory })
    return startOperatorApi(config, {
      ...this.#deps,
      ...this.#operated(),
      version: this.#deps.version ?? 'unknown',
      startedAtMs: this.#startedAtMs,
      isReady: () => !this.#draining,
      servers: this.view,
      figures: this.#hub.figures,
      metrics: this.#hub.metrics,
      health: () => this.#health.figures(),
      loads: this.#loads,
      backends: this.#deps.backends,
      reload: this.#deps.reload,
      onAcceptFailed: (code) => shortages.onAccept(code),
    })
  }

  #operated() {
    return { deliveryService: this.#mainThread?.deliveryService, callbacks: this.#mainThread?.tickets }
  }

  #connect(): void {
    const parts = {
      servers: this.view,
      store: this.#mainThread?.store,
      hasWaiters: this.#mainThread?.callbacks !== undefined,
      workers: () => this.#servers?.counts() ?? { running: 0, exits: { died: 0, idle: 0, reload: 0 }, lostCalls: 0 },
    }
    this.#hub.connect(parts, {
      reloads: () => this.#reloads.figures,
      held: () => ({ bytes: this.#held.bytes, limitBytes: heldLimit(this.#config) }),
      targets: () => this.#health.figures(),
    })
  }
}

function ending(): StartupError {
  return new StartupError('the gateway is ending')
}

function monitored(config: Config): MonitoredUpstreams {
  return { upstreams: config.upstreams, withDeliveries: broadcastUpstreams(config) }
}
