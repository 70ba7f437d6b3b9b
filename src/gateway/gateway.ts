import type { AddressInfo } from 'node:net'
import type { Config } from '../config/schema.ts'
import { workerRange } from '../config/workers.ts'
import type { Clock } from '../kit/clock.ts'
import { EventBus } from '../kit/event-bus.ts'
import type { LogText } from '../kit/log-text.ts'
import type { Random } from '../kit/random.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { within } from '../kit/within.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Admin } from './admin/admin.ts'
import type { SimulatedBackends } from './admin/resources/backends.ts'
import type { Reloaded } from './admin/resources/reload.ts'
import { AdminSide } from './admin-side.ts'
import { CentralPlane, centralServices } from './central.ts'
import { scopesOf } from './data-plane.ts'
import { ownEntrance } from './entrance.ts'
import { HealthKeeping } from './health-keeping.ts'
import { listenFault } from './listen-fault.ts'
import { localPlane } from './local-plane.ts'
import { Observing } from './observing.ts'
import { type Operating, startOperating } from './operating.ts'
import { textService } from './own-page.ts'
import type { PlaneView } from './plane-view.ts'
import { mergeViews } from './plane-views.ts'
import { PlaneHere, type Planes } from './planes.ts'
import { Showing } from './showing.ts'
import { StartFault } from './start-fault.ts'
import { statusText } from './status-page.ts'
import { UpstreamLoads } from './upstream-loads.ts'
import { slotsFor } from './workers/slots.ts'

export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  /** The folder of the configuration, where relative paths begin. */
  readonly folder?: string
  readonly log?: LogText
  /** Takes the lines of the access log, if the configuration asks for one. */
  readonly logLine?: (line: string) => void
  /** Lines of the log that were lost so far. */
  readonly logDropped?: () => number
  /** Instead of the configured one, for tests and benchmarks. */
  readonly store?: DeliveryStore
  /** Of the package. */
  readonly version?: string
  /** The simulated backends that run beside it, for the admin side to show and change. */
  readonly backends?: SimulatedBackends
  /** Has the configuration read again and put in force, for operators who ask for it. */
  readonly reload?: () => Promise<Reloaded>
  /** Connections are handed to workers also where they could share the port. */
  readonly handsOut?: boolean
  /** `about`: the id of the call or delivery that met it. */
  readonly logFault: (fault: unknown, about: string) => void
}

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
    await gateway.close()
    throw fault
  }
}

class RunningGateway implements Gateway {
  readonly events: EventBus
  readonly view: PlaneView
  readonly #deps: GatewayDeps & Required<Pick<GatewayDeps, 'folder' | 'log'>>
  readonly #startedAtMs: number
  readonly #memory: SharedMemory
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
    const { logLine } = this.#deps
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
    // Before there are workers, so that they find its memory.
    this.#health.change(config)
    this.#loads.prepare(config)
    this.#closers.push(async () => this.#health.close())
    const planes = isHere ? this.#planeHere(observing, central) : await this.#workerPlanes(central)
    this.#planes = planes
    this.#closers.push(() => planes.close())
    this.#address = await planes.start(config)
    this.#connect()
    this.#closers.push(() => this.#adminSide.close())
    await this.#adminSide.open(config)
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
    await this.#reloading
    const { drain: limitMs } = this.#config
    this.#draining = true
    this.#adminSide.drain()
    await within(limitMs, this.#deps.clock, Promise.all([this.#planes?.drain(), this.#central?.drain(limitMs)]))
    const cutOff = await this.view.inFlight()
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
    const { WorkerPlanes } = await import('./workers/planes.ts')
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
      if (this.#draining) throw new StartFault('the gateway is ending')
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
      const expected = fault instanceof StartFault ? fault : listenFault(fault, config)
      if (expected === undefined) this.#deps.logFault(fault, 'a reload')
      return { ok: false, faults: [expected?.message ?? String(fault)], at: expected?.at }
    }
  }

  async #change(config: Config, before: Config): Promise<void> {
    const [observing, central, planes] = [this.#observing, this.#central, this.#planes]
    if (observing === undefined || central === undefined || planes === undefined) return
    // The new admin side first: that its port is taken is what may well be.
    const admin = await this.#adminSide.open(config)
    try {
      const observed = await this.#observe(observing, config)
      const prepared = await central.prepare(config)
      this.#health.prepare(config)
      this.#loads.prepare(config)
      try {
        await planes.reload(config)
      } catch (fault) {
        await prepared.undo()
        throw fault
      }
      this.#config = config
      this.#health.change(config)
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
      await this.#observe(observing, before)
      await admin.undo()
      throw fault
    }
  }

  async #observe(observing: Observing, config: Config): ReturnType<Observing['reload']> {
    this.#showing.change(config)
    const { block } = this.#writer
    const observed = await observing.reload(config, block)
    this.#writer.countsInto(block)
    return observed
  }

  #operate(config: Config): Promise<Operating | undefined> {
    return startOperating(config, {
      ...this.#deps,
      ...this.#operated(),
      version: this.#deps.version ?? 'unknown',
      startedAtMs: this.#startedAtMs,
      isReady: () => !this.#draining,
      planes: this.view,
      watching: this.#showing.watchingFor(config),
      metrics: this.#showing.metrics,
      health: () => this.#health.figures(),
      loads: this.#loads,
      backends: this.#deps.backends,
      reload: this.#deps.reload,
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
      targets: () => this.#health.figures(),
    })
  }
}
