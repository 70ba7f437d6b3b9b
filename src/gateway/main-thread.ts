import { Broadcasts } from '../broadcast/broadcasts.ts'
import { newDeliveryId } from '../broadcast/delivery-id.ts'
import type { DeliveryStatus } from '../broadcast/delivery-page.ts'
import type { DeliveryService } from '../broadcast/delivery-service.ts'
import { SharedCallbackState, type SharedCallbacks } from '../callback/shared-state.ts'
import type { Keys } from '../callback/token.ts'
import { broadcastConfig } from '../config/derived/broadcast-config.ts'
import { callbackConfig } from '../config/derived/callback-config.ts'
import { storesConfig } from '../config/derived/stores-config.ts'
import type { Config } from '../config/schema.ts'
import type { Call } from '../core/call.ts'
import type { Outcome } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type Prepared, prepareAll, type Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { ReloadableStores } from '../store/reloadable-stores.ts'
import type { Traces } from '../telemetry/traces/traces.ts'
import type { Upstreams } from '../upstream/upstream.ts'
import { deliveryStack } from './stack/delivery-stack.ts'

/** The parts that exist once per gateway, whatever the number of threads, as a server sees them. */
export interface MainThreadApi {
  /** Stores a write of a broadcast route durably, has it delivered, and answers. */
  deliver(route: string, request: GatewayRequest, call: Call): Promise<Outcome>
  /** The status of a write, for a client that has its id. */
  deliveryStatus(id: string): Promise<DeliveryStatus>
}

export interface MainThreadOptions {
  /** The folder of the configuration file; relative paths start here. */
  readonly folder: string
  /** Replaces the configured store in tests and benchmarks. */
  readonly store: DeliveryStore | undefined
  readonly onKeys: (keys: Keys) => void
}

export interface MainThreadConfig {
  readonly config: Config
  /** For deliveries. */
  readonly traces: Traces | undefined
}

/** A gateway's store, deliveries, tickets and keys, in the main thread. */
export class MainThread implements MainThreadApi, Reloadable<MainThreadConfig> {
  readonly #runtime: Runtime
  readonly #options: MainThreadOptions
  readonly #stores: ReloadableStores
  readonly #callbacks: SharedCallbackState
  readonly #broadcasts: Broadcasts

  private constructor(runtime: Runtime, options: MainThreadOptions) {
    const { clock, random } = runtime
    this.#runtime = runtime
    this.#options = options
    this.#stores = new ReloadableStores(runtime, options.folder)
    this.#callbacks = new SharedCallbackState(runtime, options)
    this.#broadcasts = new Broadcasts(runtime, (route, broadcast, parts) =>
      deliveryStack(route, broadcast, { clock, random, newId: newDeliveryId, ...parts }),
    )
  }

  /** Rejects with a `StartupError` on failure. */
  static async start(runtime: Runtime, options: MainThreadOptions, config: MainThreadConfig): Promise<MainThread> {
    const mainThread = new MainThread(runtime, options)
    try {
      const prepared = await mainThread.prepare(config)
      prepared.commit()
      return mainThread
    } catch (error) {
      await mainThread.close()
      throw error
    }
  }

  deliver(route: string, request: GatewayRequest, call: Call): Promise<Outcome> {
    return this.#broadcasts.deliver(route, request, call)
  }

  deliveryStatus(id: string): Promise<DeliveryStatus> {
    return this.#broadcasts.status(id)
  }

  /** Takes the writes that came in at workers. */
  get writes(): Pick<Broadcasts, 'deliver' | 'factsOf'> {
    return this.#broadcasts
  }

  /** Undefined until a route uses `callback`. */
  get callbacks(): SharedCallbacks | undefined {
    return this.#callbacks.shared
  }

  /** Late results, for operators. */
  get tickets(): SharedCallbackState['kept'] {
    return this.#callbacks.kept
  }

  get store(): DeliveryStore | undefined {
    return this.#options.store ?? this.#stores.current?.deliveries
  }

  get deliveryService(): DeliveryService | undefined {
    return this.#broadcasts.service
  }

  /** The upstreams that deliveries go to. */
  get upstreams(): Upstreams {
    return this.#broadcasts.upstreams
  }

  /** The value is what the servers need to take callbacks. Rejects with a `StartupError`. */
  prepare({ config, traces }: MainThreadConfig): Promise<Prepared<SharedCallbacks | undefined>> {
    const { store } = this.#options
    return prepareAll(async (join) => {
      const stores = store === undefined ? (await join(this.#stores.prepare(storesConfig(config)))).stores : undefined
      const callbacks = { callbacks: callbackConfig(config), durable: stores?.tickets }
      const { shared } = await join(this.#callbacks.prepare(callbacks))
      await join(
        this.#broadcasts.prepare({ broadcast: broadcastConfig(config), store: store ?? stores?.deliveries, traces }),
      )
      return shared
    }, this.#runtime.reportBug)
  }

  async drain(graceMs: number): Promise<void> {
    await this.#broadcasts.stop(graceMs)
  }

  async close(): Promise<void> {
    await this.#broadcasts.stop(0)
    this.#callbacks.close()
    await this.#stores.close()
    this.#broadcasts.close()
  }
}
