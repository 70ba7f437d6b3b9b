import type { AttemptOutcome } from '../core/attempt.ts'
import type { Failure } from '../core/failure.ts'
import type { HeaderPairs } from '../core/headers.ts'

/**
 * Where deliveries are kept. Times are wall clock milliseconds since 1970, as they outlive the process.
 *
 * A change is durable when its promise resolves without a failure: it survives SIGKILL and loss of power. What cannot be
 * stored is told as a value: `STORE_FULL` (no room) or `STORE_UNAVAILABLE` (anything else), never as a success. A store
 * that was unavailable tries again by itself, and serves again once the cause is gone.
 */
export interface DeliveryStore {
  /** Nothing is stored if the route already has a delivery with the same idempotency key, or id: that one is given. */
  insert(delivery: NewDelivery): Promise<InsertResult>
  /**
   * Replaces what changes over a delivery's life. The latest update of a delivery wins, in the order of the calls. One
   * that could not be stored is kept and stored later. Without effect on a delivery that is not there.
   */
  update(update: DeliveryUpdate): Promise<Failure | undefined>
  find(id: string): Promise<StoredDelivery | Failure | undefined>
  /** Newest first; bodies are left out. */
  list(filter: DeliveryFilter): Promise<DeliveryPage | Failure>
  /** Every delivery with a pending leg, oldest first, in pages, without answers: for the start, before anything else is asked. */
  unfinished(afterSequence: number, limit: number): Promise<readonly StoredDelivery[] | Failure>
  /** Removes deliveries that finished before this time and have no dead leg; answers how many. */
  removeFinished(before: number): Promise<number | Failure>
  figures(): Promise<StoreFigures | Failure>
  close(): Promise<void>
}

/** One delivery's way to one target. `dead`: it has used up its attempts (a dead letter). */
export type LegState = 'pending' | 'acknowledged' | 'dead' | 'discarded'

export interface StoredLeg {
  readonly target: string
  readonly state: LegState
  /** Attempts that have ended. */
  readonly attempts: number
  /** When the next attempt is due, while it is pending. */
  readonly nextAttemptAt: number | undefined
  /** How long the wait for it was meant to be: a clock that is behind makes it no longer. */
  readonly waitMs: number | undefined
  /** What the last attempt came to. */
  readonly outcome: AttemptOutcome | undefined
  readonly status: number | undefined
  readonly detail: string | undefined
}

export interface StoredRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: HeaderPairs
  readonly body: Uint8Array | undefined
}

/** What the client was given, for whoever asks again with the same idempotency key. */
export interface StoredAnswer {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: Uint8Array
}

export interface NewDelivery {
  readonly id: string
  readonly route: string
  /** Legs to one target with the same lane keep their order; undefined: no order. */
  readonly lane: string | undefined
  readonly idempotencyKey: string | undefined
  /** A digest of method, path, query and body: the same key with another one is another request. */
  readonly fingerprint: string
  readonly createdAt: number
  readonly request: StoredRequest
  readonly legs: readonly StoredLeg[]
}

export interface StoredDelivery extends Omit<NewDelivery, 'request'> {
  /** The order in which deliveries were accepted, over restarts too. */
  readonly sequence: number
  /** When its last leg stopped being pending. */
  readonly finishedAt: number | undefined
  /** Undefined in lists, and once it has finished without a dead leg: nothing can be sent again then. */
  readonly request: StoredRequest | undefined
  /** Undefined in lists. */
  readonly answer: StoredAnswer | undefined
}

export type InsertResult =
  | { readonly kind: 'inserted'; readonly sequence: number }
  | { readonly kind: 'existing'; readonly delivery: StoredDelivery }
  | { readonly kind: 'refused'; readonly failure: Failure }

export interface DeliveryUpdate {
  readonly sequence: number
  readonly legs: readonly StoredLeg[]
  readonly finishedAt: number | undefined
  /** Undefined leaves the one that is there. */
  readonly answer: StoredAnswer | undefined
}

export interface DeliveryFilter {
  /** Only deliveries with a leg in this state. */
  readonly state?: LegState
  /** Only deliveries with a leg to this target (in `state`, if both are given). */
  readonly target?: string
  readonly route?: string
  /** Only older ones, to go on from the page before. */
  readonly beforeSequence?: number
  readonly limit: number
}

export interface DeliveryPage {
  readonly deliveries: readonly StoredDelivery[]
  readonly more: boolean
}

export interface StoreFigures {
  readonly deliveries: number
  readonly pendingLegs: number
  readonly deadLegs: number
  /** Of deliveries with a pending leg, as `limits.ts` counts them. */
  readonly undeliveredBytes: number
  /** Transactions synced to disk so far, and changes in them: group commit shows in their ratio. */
  readonly syncs: number
  readonly writes: number
}
