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

/** What of callbacks is there once, however many threads take them: the keys, where they come in, and the late results. */
export interface SharedCallbackState {
  readonly keys: () => Keys
  readonly endpoints: () => readonly ReceiveEndpoint[]
  readonly memory: TicketKeeper
  /** Of all stores, for operators. */
  readonly kept: TicketExpiry
  /** Throws a `StartupError` if the key file is another one and cannot be used; then all is as it was. */
  update(config: CallbackConfig, durable: TicketKeeper | undefined): void
  close(): void
}

/** Undefined where no route waits for callbacks. Throws a `StartupError` if the key file cannot be used. */
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
      // Where no route waits any more the keys stay, for what is still to come.
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
