import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { memoryTickets } from '../store/memory-tickets.ts'
import type { TicketKeeper, TicketStore } from '../store/ticket-store.ts'
import type { CallbackConfig } from './callback-config.ts'
import { type ReceiveEndpoint, ReceiveEndpoints } from './receive-endpoints.ts'
import { ticketLimits } from './shared-options.ts'
import { SigningKeys, type SigningKeysOptions } from './signing-keys.ts'
import { TicketExpiry } from './ticket-expiry.ts'
import type { Keys } from './token.ts'

/** Keys, endpoints and ticket stores of one configuration, for the servers. */
export interface SharedCallbacks {
  /** Read each time, as keys change without a reload. */
  readonly keys: () => Keys
  readonly endpoints: readonly ReceiveEndpoint[]
  readonly memory: TicketStore
  /** Undefined without a store. */
  readonly durable: TicketStore | undefined
}

export type SharedStateOptions = Pick<SigningKeysOptions, 'folder' | 'onKeys'>

export interface SharedStateConfig {
  readonly callbacks: CallbackConfig
  readonly durable: TicketKeeper | undefined
}

export interface SharedStateChange extends Change {
  /** Undefined until a route uses `callback`. */
  readonly shared: SharedCallbacks | undefined
}

interface OpenState {
  readonly keys: SigningKeys
  readonly endpoints: ReceiveEndpoints
  readonly memory: ReturnType<typeof memoryTickets>
  readonly kept: TicketExpiry
}

/**
 * Callback state that exists once for all threads: the keys, the endpoints, and the late results. Opened once a route
 * uses `callback`; without callback routes it stays, for results that are still to arrive.
 */
export class SharedCallbackState implements Reloadable<SharedStateConfig, SharedStateChange> {
  readonly #runtime: Runtime
  readonly #options: SharedStateOptions
  #open: OpenState | undefined
  #shared: SharedCallbacks | undefined

  constructor(runtime: Runtime, options: SharedStateOptions) {
    this.#runtime = runtime
    this.#options = options
  }

  /** Undefined until a route uses `callback`. */
  get shared(): SharedCallbacks | undefined {
    return this.#shared
  }

  /** Late results in all stores, for operators. */
  get kept(): TicketExpiry | undefined {
    return this.#open?.kept
  }

  /** Rejects with a `StartupError` if a key file cannot be used. */
  async prepare(next: SharedStateConfig): Promise<SharedStateChange> {
    const before = this.#open
    const { callbacks } = next
    if (before !== undefined) {
      // Without callback routes the keys stay.
      const keys = callbacks.routes.length > 0 ? await before.keys.prepare(callbacks) : undefined
      return this.#change(before, next, keys)
    }
    if (callbacks.routes.length === 0) return { shared: undefined, commit: () => {}, rollback: () => {} }
    const opened = this.#begin(callbacks)
    return { ...this.#change(opened, next), rollback: () => end(opened) }
  }

  close(): void {
    if (this.#open !== undefined) end(this.#open)
  }

  #begin(config: CallbackConfig): OpenState {
    const { clock, log } = this.#runtime
    const keys = SigningKeys.open(config, { clock, log, ...this.#options })
    const memory = memoryTickets(ticketLimits(config.shared))
    return {
      keys,
      endpoints: new ReceiveEndpoints(() => clock.wallNow()),
      memory,
      kept: new TicketExpiry({ clock, memory, durable: undefined }),
    }
  }

  #change(open: OpenState, { callbacks, durable }: SharedStateConfig, keys?: Change): SharedStateChange {
    const endpoints = open.endpoints.prepare(callbacks)
    const shared: SharedCallbacks = {
      keys: () => open.keys.current,
      endpoints: endpoints.endpoints,
      memory: open.memory,
      durable,
    }
    return {
      shared,
      commit: () => {
        this.#open = open
        this.#shared = shared
        endpoints.commit()
        keys?.commit()
        open.memory.limit(ticketLimits(callbacks.shared))
        open.kept.update(durable)
      },
      rollback: () => keys?.rollback(),
    }
  }
}

function end({ keys, kept }: OpenState): void {
  kept.close()
  keys.close()
}
