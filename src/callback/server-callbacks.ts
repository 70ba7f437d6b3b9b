import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import type { CallbackConfig } from './callback-config.ts'
import { type CallbackEndpoints, type CallbackEndpointsChange, startCallbackEndpoints } from './callback-endpoints.ts'
import type { Callbacks } from './callbacks.ts'
import type { SharedCallbacks } from './shared-state.ts'
import type { CallbackPeers, CallbackReceiver } from './take-callback.ts'

export interface ServerCallbacksOptions {
  /** The other workers, for callbacks whose call waits there. */
  readonly peers?: CallbackPeers | undefined
  readonly frontPort: () => number
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
  readonly #runtime: Runtime
  readonly #options: ServerCallbacksOptions
  #endpoints: CallbackEndpoints | undefined

  constructor(runtime: Runtime, options: ServerCallbacksOptions) {
    this.#runtime = runtime
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
    const { clock, memory, reportBug } = this.#runtime
    const promises = memory.levels('ticket promises', 1)
    return startCallbackEndpoints(config, { clock, reportBug, promises, ...this.#options, ...shared })
  }
}
