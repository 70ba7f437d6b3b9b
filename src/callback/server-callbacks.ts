import type { Clock } from '../kit/clock.ts'
import type { Change, Reloadable, ReportBug } from '../kit/reload.ts'
import type { SharedMemory } from '../kit/shared-memory.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import type { CallbackConfig } from './callback-config.ts'
import { type CallbackEndpoints, type CallbackEndpointsChange, startCallbackEndpoints } from './callback-endpoints.ts'
import type { Callbacks } from './callbacks.ts'
import type { SharedCallbacks } from './shared-state.ts'
import type { CallbackPeers, CallbackReceiver } from './take-callback.ts'

export interface ServerCallbacksOptions {
  readonly clock: Clock
  readonly memory: SharedMemory
  /** The other workers, for callbacks whose call waits there. */
  readonly peers?: CallbackPeers | undefined
  readonly frontPort: () => number
  readonly reportBug: ReportBug
}

export interface ServerCallbacksConfig {
  readonly callbacks: CallbackConfig
  /** Undefined until a route uses `callback`. */
  readonly shared: SharedCallbacks | undefined
}

export interface ServerCallbacksChange extends Change {
  readonly callbacks: Callbacks | undefined
  readonly handlers: readonly RoutedHandler[]
}

/** The callbacks of a server across reloads: from the first callback route on, until the server ends. */
export class ServerCallbacks implements Reloadable<ServerCallbacksConfig, ServerCallbacksChange> {
  readonly #options: ServerCallbacksOptions
  #endpoints: CallbackEndpoints | undefined

  constructor(options: ServerCallbacksOptions) {
    this.#options = options
  }

  get current(): Callbacks | undefined {
    return this.#endpoints?.callbacks
  }

  /** Takes callbacks that came in at other workers; undefined until a route uses `callback`. */
  get receiver(): CallbackReceiver | undefined {
    return this.#endpoints?.receiver
  }

  async prepare({ callbacks, shared }: ServerCallbacksConfig): Promise<ServerCallbacksChange> {
    if (shared === undefined) return { callbacks: undefined, handlers: [], commit: () => {}, rollback: () => {} }
    const endpoints = this.#endpoints ?? this.#start(callbacks, shared)
    const change: CallbackEndpointsChange = endpoints.prepare({ ...shared, callbacks })
    return {
      callbacks: endpoints.callbacks,
      handlers: change.handlers,
      commit: () => {
        change.commit()
        this.#endpoints = endpoints
      },
      rollback: () => {
        if (endpoints !== this.#endpoints) endpoints.close()
      },
    }
  }

  close(): void {
    this.#endpoints?.close()
  }

  #start(config: CallbackConfig, shared: SharedCallbacks): CallbackEndpoints {
    const { memory } = this.#options
    return startCallbackEndpoints(config, {
      ...this.#options,
      ...shared,
      promises: memory.levels('ticket promises', 1),
    })
  }
}
