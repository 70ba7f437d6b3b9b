import type { AddressInfo } from 'node:net'
import type { Admin } from '../admin/http-server.ts'
import type { Inspector } from '../admin/inspector.ts'
import { type OperatorApi, startOperatorApi } from '../admin/operator-api.ts'
import { ReloadableAdmin } from '../admin/reloadable-admin.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import { optionsIf } from '../config/route-strategy.ts'
import type { Config } from '../config/schema.ts'
import { canSharePort, withPossibleWorkers, workerRange } from '../config/workers.ts'
import { countOf } from '../kit/count-of.ts'
import { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { StartupError } from '../kit/startup-error.ts'
import { within } from '../kit/within.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import { HealthMonitor } from '../upstream/health/health-monitor.ts'
import { LoadFigures } from '../upstream/load-figures.ts'
import { ownAcceptor } from './acceptor.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { heldLimit } from './held-limit.ts'
import { localInspector } from './inspect/local.ts'
import { mergedInspector } from './inspect/merged.ts'
import { listenError } from './listen-error.ts'
import { MainThread } from './main-thread.ts'
import { type Pages, pagesOf } from './pages.ts'
import { scopesOf } from './server.ts'
import { type ServerGroup, SingleThread } from './server-group.ts'
import { observeBy } from './telemetry/observed-change.ts'
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
  const gateway = new RunningGateway(withPossibleWorkers(config, platform), deps)
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
  /** This thread's writer of counts. */
  readonly #writer: ReturnType<TelemetryHub['counts']['open']>
  /** Run in reverse order. */
  readonly #closers: (() => Promise<void>)[] = []
  #config: Config
  #reloads = { applied: 0, refused: 0, lastAppliedAtMs: 0 }
  #telemetry: ThreadTelemetry | undefined
  #mainThread: MainThread | undefined
  #servers: ServerGroup | undefined
  readonly #reloadableAdmin: ReloadableAdmin
  #address: AddressInfo | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #draining = false

  constructor(config: Config, deps: GatewayDeps) {
    const { clock, reportBug } = deps
    this.#config = config
    this.#deps = { folder: '.', log: () => {}, ...deps }
    this.#startedAtMs = clock.wallNow()
    this.#reloads.lastAppliedAtMs = this.#startedAtMs
    this.events = new EventBus(reportBug)
    this.#hub = new TelemetryHub(config, clock)
    this.#writer = this.#hub.counts.open(ArrayBuffer)
    const range = workerRange(config.workers)
    const slots = range === undefined ? 1 : slotsFor(range)
    // The last slot belongs to this thread.
    this.#memory = new SharedMemory({ slot: slots - 1, slots })
    // Created before the workers, which attach to it.
    this.#held = new HeldMemory(this.#memory, heldLimit(config))
    this.#reloadableAdmin = new ReloadableAdmin({ ...this.#deps, start: (asked) => this.#operate(asked) })
    this.#health = new HealthMonitor({ ...this.#deps, memory: this.#memory })
    this.#loads = new LoadFigures({ clock, memory: this.#memory })
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
    return this.#reloadableAdmin.current
  }

  async start(): Promise<void> {
    const config = this.#config
    const { logLine, stop } = this.#deps
    const isHere = workerRange(config.workers) === undefined
    this.#closers.push(async () => this.#hub.close())
    // Started first and so closed last: it also observes calls that end while the other parts close.
    const telemetry = await ThreadTelemetry.start(config, {
      ...this.#deps,
      events: this.events,
      block: this.#writer.block,
      logLine: isHere ? logLine : undefined,
    })
    this.#telemetry = telemetry
    this.#closers.push(() => telemetry.close())
    stop?.throwIfAborted()
    const mainThread = await MainThread.start(config, {
      ...this.#deps,
      store: this.#deps.store,
      memory: this.#memory,
      events: this.events,
      traces: () => telemetry.traces,
      onKeys: (keys) => this.#servers?.learnKeys(keys),
    })
    this.#mainThread = mainThread
    this.#closers.push(() => mainThread.close())
    stop?.throwIfAborted()
    // Before the workers start, as they attach to its memory.
    this.#health.change(config.upstreams, broadcastUpstreams(config))
    this.#loads.prepare(config.upstreams)()
    this.#closers.push(async () => this.#health.close())
    // Work that a reload started ends with the servers, and is not closed while it runs.
    this.#closers.push(() => within(patienceMs, this.#deps.clock, this.#reloading))
    const servers = isHere ? this.#singleThread(telemetry, mainThread) : await this.#workerGroup(mainThread)
    this.#servers = servers
    this.#closers.push(() => servers.close())
    this.#address = await servers.start(config, stop)
    stop?.throwIfAborted()
    this.#connect()
    this.#closers.push(() => this.#reloadableAdmin.close())
    await this.#reloadableAdmin.open(config)
    stop?.throwIfAborted()
  }

  reload(config: Config): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload(withPossibleWorkers(config, this.#deps.platform)))
    this.#reloading = reloaded
    return reloaded
  }

  reloadRefused(): void {
    this.#reloads = { ...this.#reloads, refused: this.#reloads.refused + 1 }
  }

  async drain(): Promise<void> {
    this.#draining = true
    this.#reloadableAdmin.drain()
    const { drain: limitMs } = this.#config
    // A reload in progress notices the stop and gives up; it may hang if its workers hang.
    const ended = Promise.all([this.#servers?.drain(), this.#mainThread?.drain(limitMs)])
    await within(limitMs, this.#deps.clock, Promise.all([ended, this.#reloading]))
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

  async #reload(config: Config): Promise<Reloaded> {
    const before = this.#config
    try {
      this.#checkGoesOn()
      const refusal = this.#servers?.refusal(config)
      if (refusal !== undefined) throw refusal
      await this.#change(config, before)
      this.#reloads = {
        ...this.#reloads,
        applied: this.#reloads.applied + 1,
        lastAppliedAtMs: this.#deps.clock.wallNow(),
      }
      return { ok: true }
    } catch (fault) {
      this.reloadRefused()
      const expected = this.#expected(fault, config)
      if (expected === undefined) this.#deps.reportBug(fault, 'the reload')
      return { ok: false, errors: [expected?.message ?? String(fault)], at: expected?.at }
    }
  }

  async #change(config: Config, before: Config): Promise<void> {
    const [telemetry, mainThread, servers] = [this.#telemetry, this.#mainThread, this.#servers]
    if (telemetry === undefined || mainThread === undefined || servers === undefined) return
    const undos: (() => unknown)[] = []
    try {
      // The new admin listener first: a port that is already taken is the likeliest failure.
      const admin = await this.#reloadableAdmin.open(config)
      undos.push(() => admin.undo())
      this.#checkGoesOn()
      const observed = await observeBy(config, { telemetry, hub: this.#hub, writer: this.#writer })
      undos.push(() => observed.undo())
      this.#checkGoesOn()
      const prepared = await mainThread.prepare(config)
      undos.push(() => prepared.undo())
      this.#checkGoesOn()
      this.#health.prepare(config.upstreams)
      const showLoads = this.#loads.prepare(config.upstreams)
      await servers.reload(config)
      this.#config = config
      observed.commit()
      this.#health.change(config.upstreams, broadcastUpstreams(config))
      showLoads()
      this.#connect()
      admin.settle()
      this.#reloadableAdmin.change(config, this.#operated())
      this.#memory.retain(scopesOf(config))
      // A long-lived call (a WebSocket, say) must not keep the old configuration's resources for ever.
      const settled = within(before.drain, this.#deps.clock, servers.settled()).then(() => {
        prepared.commit()
        return observed.settle()
      })
      settled.catch((fault: unknown) => this.#deps.reportBug(fault, 'the reload'))
    } catch (fault) {
      for (const undo of undos.reverse()) await undo()
      throw fault
    }
  }

  /** Undefined if the cause is a bug of the gateway. */
  #expected(fault: unknown, config: Config): StartupError | undefined {
    if (fault instanceof StartupError) return fault
    return this.#draining ? new StartupError('the gateway is shutting down') : listenError(fault, config)
  }

  #checkGoesOn(): void {
    if (this.#draining) throw new StartupError('the gateway is shutting down')
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
      figures: this.#hub.watchingFor(config)?.figures,
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
      reloads: () => this.#reloads,
      held: () => ({ bytes: this.#held.bytes, limitBytes: heldLimit(this.#config) }),
      targets: () => this.#health.figures(),
    })
  }
}

function broadcastUpstreams({ routes }: Config): ReadonlySet<string> {
  return new Set(routes.flatMap((route) => optionsIf('broadcast', route)?.upstream ?? []))
}
