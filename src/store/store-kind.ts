import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'
import type { DeliveryStore } from './delivery-store.ts'
import type { StoreLimits } from './limits.ts'
import type { TicketKeeper, TicketLimits } from './ticket-store.ts'

export interface StoreKindOptions {
  readonly path: string
  readonly clock: Clock
  readonly limits: StoreLimits
  readonly ticketLimits?: TicketLimits
  /** Receives a line when the store fails, and when it serves again. */
  readonly log: LogText
}

export type OpenedStore =
  | {
      readonly ok: true
      readonly store: DeliveryStore
      readonly tickets: TicketKeeper
      /** Sets new limits for deliveries; `tickets` has its own. */
      readonly limit: (limits: StoreLimits) => void
    }
  /** The file at the path was left unchanged. The text names the path and says how to fix the problem. */
  | { readonly ok: false; readonly problem: string }

/** A way to keep deliveries and late results. `test/conformance` says what each must do. */
export interface StoreKind {
  open(options: StoreKindOptions): Promise<OpenedStore>
  /** The number of unfinished deliveries in a store that is not open. */
  unfinishedIn(path: string): Promise<number>
}
