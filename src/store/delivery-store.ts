import type { AttemptOutcome } from '../core/attempt.ts'
import type { Failure } from '../core/failure.ts'
import type { HeaderPairs } from '../core/headers.ts'
import type { Result } from '../core/result.ts'

/**
 * Stores deliveries. Times are wall-clock milliseconds since 1970, because they outlive the process.
 *
 * A change is durable when its promise resolves to `ok`: it survives SIGKILL and power loss. A change that
 * cannot be stored resolves to a failure, never to a success: `STORE_FULL` (no room) or `STORE_UNAVAILABLE` (anything
 * else). An unavailable store retries by itself, and serves again once the cause is gone.
 */
export interface DeliveryStore {
  /** Stores nothing if the route already has a delivery with this idempotency key or id: returns that delivery. */
  insert(delivery: NewDelivery): Promise<InsertResult>
  /**
   * Replaces the mutable part of a delivery. The latest call for a delivery wins. An update that could not be stored is
   * kept and stored later. No effect on an unknown delivery.
   */
  update(update: DeliveryUpdate): Promise<Result<undefined>>
  /** The value is undefined if there is no such delivery. */
  find(id: string): Promise<Result<StoredDelivery | undefined>>
  /** Newest first, without bodies. */
  list(filter: DeliveryFilter): Promise<Result<DeliveryPage>>
  /** Pages of deliveries with a pending leg, oldest first, without answers. Call at startup, before anything else. */
  unfinished(afterSequence: number, limit: number): Promise<Result<readonly StoredDelivery[]>>
  /** Removes deliveries that finished before this time and have no dead leg; returns the number removed. */
  removeFinished(before: number): Promise<Result<number>>
  figures(): Promise<Result<StoreFigures>>
  close(): Promise<void>
}

/** State of a delivery to one target. `dead`: all attempts are used up (a dead letter). */
export type LegState = 'pending' | 'acknowledged' | 'dead' | 'discarded'

export interface StoredLeg {
  readonly target: string
  readonly state: LegState
  /** Finished attempts. */
  readonly attempts: number
  /** When the next attempt is due; set while pending. */
  readonly nextAttemptAt: number | undefined
  /** The planned wait for the next attempt: it limits the wait if the clock was set back. */
  readonly waitMs: number | undefined
  /** Outcome of the last attempt. */
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

/** The answer sent to the client, returned again for the same idempotency key. */
export interface StoredAnswer {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: Uint8Array
}

export interface NewDelivery {
  readonly id: string
  readonly route: string
  /** Legs to one target with the same lane keep their order; undefined: unordered. */
  readonly lane: string | undefined
  readonly idempotencyKey: string | undefined
  /** A digest of method, path, query and body: the same key with another digest is a different request. */
  readonly fingerprint: string
  readonly createdAt: number
  readonly request: StoredRequest
  readonly legs: readonly StoredLeg[]
}

export interface StoredDelivery extends Omit<NewDelivery, 'request'> {
  /** The order in which deliveries were accepted, across restarts. */
  readonly sequence: number
  /** When its last leg stopped being pending. */
  readonly finishedAt: number | undefined
  /** Undefined in lists, and once finished without a dead leg: nothing can be sent again then. */
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
  /** Undefined leaves the stored answer unchanged. */
  readonly answer: StoredAnswer | undefined
}

export interface DeliveryFilter {
  /** Only deliveries with a leg in this state. */
  readonly state?: LegState
  /** Only deliveries with a leg to this target (in `state`, if both are given). */
  readonly target?: string
  readonly route?: string
  /** Only deliveries older than this, to continue from the previous page. */
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
  /** Size of all deliveries with a pending leg, as `limits.ts` counts it. */
  readonly undeliveredBytes: number
  /** Transactions synced to disk so far, and changes in them; their ratio shows group commit. */
  readonly syncs: number
  readonly writes: number
}
