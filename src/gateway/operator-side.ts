import type { Inspector } from '../admin/inspector.ts'
import { type OperatorApi, startOperatorApi } from '../admin/operator-api.ts'
import { ReloadableAdmin } from '../admin/reloadable-admin.ts'
import { heldLimit } from '../config/derived/held-limit.ts'
import type { Config } from '../config/schema.ts'
import type { HeldMemory } from '../kit/held-memory.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { ShortageLog } from '../telemetry/shortage-log.ts'
import type { TelemetryHub } from '../telemetry/telemetry-hub.ts'
import type { HealthMonitor } from '../upstream/health/health-monitor.ts'
import type { LoadFigures } from '../upstream/load-figures.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import type { MainThread } from './main-thread.ts'
import { sourcesOf } from './metric-sources.ts'
import type { ReloadFigures } from './reloads.ts'
import type { ServerGroup } from './server-group.ts'

export interface OperatorSideOptions {
  readonly deps: Pick<GatewayDeps, 'version' | 'backends' | 'reload'>
  readonly view: Inspector
  readonly hub: TelemetryHub
  /** Memory that calls of all threads hold. */
  readonly held: HeldMemory
  readonly health: HealthMonitor
  readonly loads: LoadFigures
  /** Parts that start later; undefined until then. */
  readonly mainThread: () => MainThread | undefined
  readonly servers: () => ServerGroup | undefined
  readonly reloads: () => ReloadFigures
  readonly isReady: () => boolean
}

/** The operators' side of a gateway: the admin API, and the sources of metrics and figures. */
export class OperatorSide implements Reloadable<Config> {
  readonly #runtime: Runtime
  readonly #options: OperatorSideOptions
  readonly #startedAtMs: number
  readonly #admin: ReloadableAdmin

  constructor(runtime: Runtime, options: OperatorSideOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#startedAtMs = runtime.clock.wallNow()
    this.#admin = new ReloadableAdmin(runtime, (config) => this.#start(config))
  }

  get admin(): ReloadableAdmin['current'] {
    return this.#admin.current
  }

  /** The parts that are shown must be prepared after this, and so be in force when `show` is called. */
  prepare(config: Config): Promise<Change> {
    return this.#admin.prepare(config)
  }

  /** Shows this configuration and its parts, which are in force. */
  show(config: Config): void {
    const { view, hub, held, health, reloads, servers } = this.#options
    const mainThread = this.#options.mainThread()
    const parts = {
      servers: view,
      store: mainThread?.store,
      hasWaiters: mainThread?.callbacks !== undefined,
      workers: () => servers()?.counts() ?? { running: 0, exits: { died: 0, idle: 0, reload: 0 }, lostCalls: 0 },
    }
    hub.connect(parts, {
      ...sourcesOf(parts),
      reloads,
      held: () => ({ bytes: held.bytes, limitBytes: heldLimit(config) }),
      targets: () => health.figures(),
    })
    this.#admin.change(config, this.#operated())
  }

  drain(): void {
    this.#admin.drain()
  }

  close(): Promise<void> {
    return this.#admin.close()
  }

  #start(config: Config): Promise<OperatorApi | undefined> {
    const { deps, view, hub, health, loads, isReady } = this.#options
    const shortages = new ShortageLog(this.#runtime)
    const options = {
      ...this.#operated(),
      version: deps.version ?? 'unknown',
      startedAtMs: this.#startedAtMs,
      isReady,
      servers: view,
      figures: hub.figures,
      metrics: hub.metrics,
      health: () => health.figures(),
      loads,
      backends: deps.backends,
      reload: deps.reload,
      onAcceptFailed: (code: string) => shortages.onAccept(code),
    }
    return startOperatorApi(this.#runtime, options, config)
  }

  #operated() {
    const mainThread = this.#options.mainThread()
    return { deliveryService: mainThread?.deliveryService, callbacks: mainThread?.tickets }
  }
}
