import { memoryTickets } from '../store/memory-tickets.ts'
import type { TicketKeeper } from '../store/ticket-store.ts'
import type { CallbackConfig } from './callback-config.ts'
import { type ReceiveEndpoint, ReceiveEndpoints } from './receive-endpoints.ts'
import { ticketLimits } from './shared-options.ts'
import { SigningKeys, type SigningKeysOptions } from './signing-keys.ts'
import { TicketExpiry } from './ticket-expiry.ts'
import type { Keys } from './token.ts'

export interface SharedStateOptions extends SigningKeysOptions {
  readonly durable: TicketKeeper | undefined
}

/** Callback state that exists once for all threads: the keys, the endpoints, and the late results. */
export interface SharedCallbackState {
  readonly keys: () => Keys
  readonly endpoints: () => readonly ReceiveEndpoint[]
  readonly memory: TicketKeeper
  /** Spans all stores, for operators. */
  readonly kept: TicketExpiry
  /** Throws a `StartupError` if a new key file cannot be used; nothing changes then. */
  update(config: CallbackConfig, durable: TicketKeeper | undefined): void
  close(): void
}

/** Undefined if no route uses `callback`. Throws a `StartupError` if the key file cannot be used. */
export function openSharedCallbackState(
  config: CallbackConfig,
  options: SharedStateOptions,
): SharedCallbackState | undefined {
  if (config.routes.length === 0) return undefined
  const keys = SigningKeys.open(config, options)
  const endpoints = new ReceiveEndpoints(() => options.clock.wallNow())
  endpoints.update(config)
  const memory = memoryTickets(ticketLimits(config.shared))
  const kept = new TicketExpiry({ ...options, memory })
  return {
    keys: () => keys.current,
    endpoints: () => endpoints.current,
    memory,
    kept,
    update: (changed, durable) => {
      // Without callback routes the keys stay, for results that are still to arrive.
      if (changed.routes.length > 0) keys.update(changed)
      endpoints.update(changed)
      memory.limit(ticketLimits(changed.shared))
      kept.update(durable)
    },
    close: () => {
      kept.close()
      keys.close()
    },
  }
}
