import { memoryTickets } from '../store/memory-tickets.ts'
import type { TicketKeeper } from '../store/ticket-store.ts'
import type { CallbackConfig } from './callback-config.ts'
import { CallbackWays, type Way } from './receive-endpoints.ts'
import { ticketLimits } from './shared-options.ts'
import { CallbackKeys, type CallbackKeysOptions } from './signing-keys.ts'
import { KeptTickets } from './ticket-expiry.ts'
import type { Keys } from './token.ts'

export interface KeepingOptions extends CallbackKeysOptions {
  readonly durable: TicketKeeper | undefined
}

/** What of callbacks is there once, however many threads take them: the keys, where they come in, and the late results. */
export interface CallbackKeeping {
  readonly keys: () => Keys
  readonly ways: () => readonly Way[]
  readonly memory: TicketKeeper
  /** Of all stores, for operators. */
  readonly kept: KeptTickets
  /** Throws a `StartFault` if the key file is another one and cannot be used; then all is as it was. */
  update(config: CallbackConfig, durable: TicketKeeper | undefined): void
  close(): void
}

/** Undefined where no route waits for callbacks. Throws a `StartFault` if the key file cannot be used. */
export function keepCallbacks(config: CallbackConfig, options: KeepingOptions): CallbackKeeping | undefined {
  if (config.routes.length === 0) return undefined
  const keys = CallbackKeys.open(config, options)
  const ways = new CallbackWays(() => options.clock.wallNow())
  ways.update(config)
  const memory = memoryTickets(ticketLimits(config.shared))
  const kept = new KeptTickets({ ...options, memory })
  return {
    keys: () => keys.current,
    ways: () => ways.current,
    memory,
    kept,
    update: (changed, durable) => {
      // Where no route waits any more the keys stay, for what is still to come.
      if (changed.routes.length > 0) keys.update(changed)
      ways.update(changed)
      memory.limit(ticketLimits(changed.shared))
      kept.update(durable)
    },
    close: () => {
      kept.close()
      keys.close()
    },
  }
}
