import type { AddressInfo } from 'node:net'
import type { Admin } from '../admin/http-server.ts'
import type { PlaneView } from '../admin/inspector.ts'
import { type Operating, startOperating } from '../admin/operator-api.ts'
import { AdminSide } from '../admin/reloadable-admin.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import { workerRange } from '../config/workers.ts'
import { EventBus } from '../kit/event-bus.ts'
import { HeldMemory } from '../kit/held-memory.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { StartFault } from '../kit/startup-error.ts'
import { within } from '../kit/within.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import { HealthKeeping } from '../upstream/health/health-monitor.ts'
import { UpstreamLoads } from '../upstream/load-figures.ts'
import { ownEntrance } from './acceptor.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { heldLimit } from './held-limit.ts'
import { localPlane } from './inspect/local.ts'
import { mergeViews } from './inspect/merged.ts'
import { listenFault } from './listen-fault.ts'
import { CentralPlane, centralServices } from './main-thread.ts'
import { textService } from './pages.ts'
import { scopesOf } from './server.ts'
import { PlaneHere, type Planes } from './server-group.ts'
import { statusText } from './status-page.ts'
import { observeBy } from './telemetry/observed-change.ts'
import { Showing } from './telemetry/telemetry-hub.ts'
import { Observing } from './telemetry/thread-telemetry.ts'
import { slotsFor } from './threads/slots.ts'

export interface Gateway {
  /** Of the front. */
  readonly address: AddressInfo
  readonly admin: Admin | undefined
  /** Of this thread. */
  readonly events: EventBus
  /** All threads. */
  readonly view: PlaneView
  /** Puts another configuration in force for calls that begin from now on; those in flight end as they began. */
  reload(config: Config): Promise<Reloaded>
  /** One was read that cannot be put in force. */
  reloadRefused(): void
  /** Ends well: no new connections, calls in flight finish within the configured time, then all is closed. */
  drain(): Promise<void>
  /** Ends at once. */
  close(): Promise<void>
}

/** The composition root: makes every part from the configuration, joins them, and opens the listeners. */
export async function startGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const gateway = new RunningGateway(config, deps)
  try {
    await gateway.start()
    return gateway
  } catch (fault) {
    // A gateway that cannot open one part opens none.
    if (deps.stop?.aborted === true) await gateway.drain()
    else await gateway.close()
    throw fault
  }
}

/** How long the end waits for what does not tell of itself, as a worker that hangs. */
const patienceMs = 500

class RunningGateway implements Gateway {
  readonly events: EventBus
  readonly view: PlaneView
  readonly #deps: GatewayDeps & Required<Pick<GatewayDeps, 'folder' | 'log'>>
  readonly #startedAtMs: number
  readonly #memory: SharedMemory
  /** What all threads hold for calls. */
  readonly #held: HeldMemory
  readonly #health: HealthKeeping
  readonly #loads: UpstreamLoads
  readonly #showing: Showing
  /** What listens in this thread. */
  readonly #writer: ReturnType<Showing['counts']['open']>
  /** First in, last out. */
  readonly #closers: (() => Promise<void>)[] = []
  #config: Config
  #reloads = { applied: 0, refused: 0, lastAppliedAtMs: 0 }
  #observing: Observing | undefined
  #central: CentralPlane | undefined
  #planes: Planes | undefined
  readonly #adminSide: AdminSide
  #address: AddressInfo | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #draining = false

  constructor(config: Config, deps: GatewayDeps) {
    const { clock, logFault } = deps
    this.#config = config
    this.#deps = { folder: '.', log: () => {}, ...deps }
    this.#startedAtMs = clock.wallNow()
    this.#reloads.lastAppliedAtMs = this.#startedAtMs
    this.events = new EventBus(logFault)
    this.#showing = new Showing(config, clock)
    this.#writer = this.#showing.counts.open(ArrayBuffer)
    const range = workerRange(config.workers)
    const slots = range === undefined ? 1 : slotsFor(range)
    // The last slot is this thread's.
    this.#memory = new SharedMemory({ slot: slots - 1, slots })
    // Before there are workers, so that they find it.
    this.#held = new HeldMemory(this.#memory, heldLimit(config))
    this.#adminSide = new AdminSide({ ...this.#deps, start: (asked) => this.#operate(asked) })
    this.#health = new HealthKeeping({ ...this.#deps, memory: this.#memory })
    this.#loads = new UpstreamLoads({ clock, memory: this.#memory })
    const here = localPlane(() => ({
      // Where the data plane is in this thread, it tells of what is observed here.
      ...(range !== undefined && this.#observing?.plane),
      upstreams: this.#central?.upstreams,
    }))
    this.view = mergeViews(() => [here, ...(this.#planes?.views() ?? [])], clock)
  }

  get address(): AddressInfo {
    if (this.#address === undefined) throw new Error('the gateway has not been started yet')
    return this.#address
  }

  get admin(): Admin | undefined {
    return this.#adminSide.current
  }

  async start(): Promise<void> {
    const config = this.#config
    const { logLine, stop } = this.#deps
    const isHere = workerRange(config.workers) === undefined
    this.#closers.push(async () => this.#showing.close())
    // What ends while the rest closes is observed too.
    const observing = await Observing.start(config, {
      ...this.#deps,
      events: this.events,
      block: this.#writer.block,
      logLine: isHere ? logLine : undefined,
    })
    this.#observing = observing
    this.#closers.push(() => observing.close())
    stop?.throwIfAborted()
    const central = await CentralPlane.start(config, {
      ...this.#deps,
      store: this.#deps.store,
      memory: this.#memory,
      events: this.events,
      traces: () => observing.traces,
      pages: {
        [centralServices.metrics]: textService(() => this.#showing.metrics.render()),
        [centralServices.status]: textService(async () => statusText(await this.view.connections())),
      },
      onKeys: (keys) => this.#planes?.learnKeys(keys),
    })
    this.#central = central
    this.#closers.push(() => central.close())
    stop?.throwIfAborted()
    // Before there are workers, so that they find its memory.
    this.#health.change(config.upstreams, broadcastUpstreams(config))
    this.#loads.prepare(config.upstreams)()
    this.#closers.push(async () => this.#health.close())
    // What a reload has begun ends with the planes, and is not closed under it.
    this.#closers.push(() => within(patienceMs, this.#deps.clock, this.#reloading))
    const planes = isHere ? this.#planeHere(observing, central) : await this.#workerPlanes(central)
    this.#planes = planes
    this.#closers.push(() => planes.close())
    this.#address = await planes.start(config, stop)
    stop?.throwIfAborted()
    this.#connect()
    this.#closers.push(() => this.#adminSide.close())
    await this.#adminSide.open(config)
    stop?.throwIfAborted()
  }

  reload(config: Config): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload(config))
    this.#reloading = reloaded
    return reloaded
  }

  reloadRefused(): void {
    this.#reloads = { ...this.#reloads, refused: this.#reloads.refused + 1 }
  }

  async drain(): Promise<void> {
    this.#draining = true
    this.#adminSide.drain()
    const { drain: limitMs } = this.#config
    // A reload that is under way finds that it has to give up; it may hang, as its workers may.
    const ended = Promise.all([this.#planes?.drain(), this.#central?.drain(limitMs)])
    await within(limitMs, this.#deps.clock, Promise.all([ended, this.#reloading]))
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

  #planeHere(observing: Observing, central: CentralPlane): Planes {
    return new PlaneHere({
      ...this.#deps,
      memory: this.#memory,
      events: this.events,
      observing,
      central,
      entrance: ownEntrance({ isShared: false }),
    })
  }

  async #workerPlanes(central: CentralPlane): Promise<Planes> {
    const { WorkerPlanes } = await import('./threads/worker-group.ts')
    return new WorkerPlanes({
      ...this.#deps,
      events: this.events,
      counts: this.#showing.counts,
      memory: this.#memory,
      central: () => central,
      logLine: this.#deps.logLine,
    })
  }

  async #reload(config: Config): Promise<Reloaded> {
    const before = this.#config
    try {
      this.#checkGoesOn()
      const refusal = this.#planes?.refusal(config)
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
      if (expected === undefined) this.#deps.logFault(fault, 'a reload')
      return { ok: false, faults: [expected?.message ?? String(fault)], at: expected?.at }
    }
  }

  async #change(config: Config, before: Config): Promise<void> {
    const [observing, central, planes] = [this.#observing, this.#central, this.#planes]
    if (observing === undefined || central === undefined || planes === undefined) return
    const undos: (() => unknown)[] = []
    try {
      // The new admin side first: that its port is taken is what may well be.
      const admin = await this.#adminSide.open(config)
      undos.push(() => admin.undo())
      this.#checkGoesOn()
      const observed = await observeBy(config, { observing, showing: this.#showing, writer: this.#writer })
      undos.push(() => observed.undo())
      this.#checkGoesOn()
      const prepared = await central.prepare(config)
      undos.push(() => prepared.undo())
      this.#checkGoesOn()
      this.#health.prepare(config.upstreams)
      const showLoads = this.#loads.prepare(config.upstreams)
      await planes.reload(config)
      this.#config = config
      observed.commit()
      this.#health.change(config.upstreams, broadcastUpstreams(config))
      showLoads()
      this.#connect()
      admin.settle()
      this.#adminSide.change(config, this.#operated())
      this.#memory.retain(scopesOf(config))
      // What lasts (a WebSocket, say) must not keep for ever what only it might use.
      const settled = within(before.drain, this.#deps.clock, planes.settled()).then(() => {
        prepared.commit()
        return observed.settle()
      })
      settled.catch((fault: unknown) => this.#deps.logFault(fault, 'a reload'))
    } catch (fault) {
      for (const undo of undos.reverse()) await undo()
      throw fault
    }
  }

  /** Undefined for a fault of the gateway. */
  #expected(fault: unknown, config: Config): StartFault | undefined {
    if (fault instanceof StartFault) return fault
    return this.#draining ? new StartFault('the gateway is ending') : listenFault(fault, config)
  }

  #checkGoesOn(): void {
    if (this.#draining) throw new StartFault('the gateway is ending')
  }

  #operate(config: Config): Promise<Operating | undefined> {
    const shortages = new ShortageLog({ ...this.#deps, memory: this.#memory })
    return startOperating(config, {
      ...this.#deps,
      ...this.#operated(),
      version: this.#deps.version ?? 'unknown',
      startedAtMs: this.#startedAtMs,
      isReady: () => !this.#draining,
      planes: this.view,
      figures: this.#showing.watchingFor(config)?.figures,
      metrics: this.#showing.metrics,
      health: () => this.#health.figures(),
      loads: this.#loads,
      backends: this.#deps.backends,
      reload: this.#deps.reload,
      onAcceptFailed: (code) => shortages.onAccept(code),
    })
  }

  #operated() {
    return { broadcasting: this.#central?.broadcasting, callbacks: this.#central?.tickets }
  }

  #connect(): void {
    const parts = {
      planes: this.view,
      store: this.#central?.store,
      hasWaiters: this.#central?.callbacks !== undefined,
      workers: () => this.#planes?.counts() ?? { running: 0, exits: { died: 0, idle: 0, reload: 0 }, lostCalls: 0 },
    }
    this.#showing.connect(parts, {
      reloads: () => this.#reloads,
      held: () => ({ bytes: this.#held.bytes, limitBytes: heldLimit(this.#config) }),
      targets: () => this.#health.figures(),
    })
  }
}

function broadcastUpstreams({ routes }: Config): ReadonlySet<string> {
  return new Set(routes.flatMap(({ broadcast }) => broadcast?.upstream ?? []))
}
