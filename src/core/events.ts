import type { Attempt, AttemptOutcome } from './attempt.ts'
import type { Failure } from './failure.ts'
import type { GatewayRequest } from './request.ts'
import type { ShedReason } from './shed-reason.ts'

/** How a call ended, known once its last byte is sent or it is abandoned. */
export interface CallEnd {
  /** The status that the client received; 0 if it disconnected before. */
  readonly status: number
  readonly failure: Failure | undefined
  readonly bytesSent: number
}

/** All events that telemetry can listen to. Each is emitted on a call; emitters do not depend on listeners. */
export type GatewayEvent =
  | { readonly type: 'call.started'; readonly request: GatewayRequest }
  | { readonly type: 'call.ended'; readonly request: GatewayRequest; readonly end: CallEnd }
  | { readonly type: 'attempt.started'; readonly attempt: Attempt }
  | { readonly type: 'attempt.ended'; readonly attempt: Attempt }
  /** The response broke off on its way to the client, after its head ended the attempt; `was`: outcome until then. */
  | { readonly type: 'attempt.broken'; readonly attempt: Attempt; readonly was: AttemptOutcome }
  /** The call was refused to protect the gateway or its targets; the client gets 429 or 503. */
  | { readonly type: 'call.shed'; readonly reason: ShedReason }
  | { readonly type: 'hedge.sent'; readonly count: number; readonly because: 'late' | 'failed' }
  | { readonly type: 'hedge.denied' }
  | { readonly type: 'retry.scheduled'; readonly waitMs: number }
  | { readonly type: 'retry.denied' }
  | { readonly type: 'delivery.accepted'; readonly deliveryId: string; readonly legs: number }
  | {
      readonly type: 'delivery.acknowledged'
      readonly deliveryId: string
      readonly target: string
      readonly attempts: number
    }
  /** A 2xx that does not acknowledge the write; `counted`: the statuses that do, as the route lists them. */
  | { readonly type: 'delivery.uncounted'; readonly target: string; readonly status: number; readonly counted: string }
  | { readonly type: 'delivery.dead'; readonly deliveryId: string; readonly target: string; readonly attempts: number }
  | { readonly type: 'callback.received'; readonly verdict: CallbackVerdict }
  | { readonly type: 'waiter.ended'; readonly as: WaiterEnd; readonly waitedMs: number }

/**
 * Fate of a callback: `answered` a waiting client, `kept` for a client with a ticket, `repeated`, `dropped` because
 * nobody can want it; `refused` because it is too large, encoded, or the store could not keep it; `forged`, `expired`.
 */
export type CallbackVerdict = 'answered' | 'kept' | 'repeated' | 'dropped' | 'refused' | 'forged' | 'expired'

/** How a wait for a callback ended: see `callback/waiter.ts`. */
export type WaiterEnd = 'answered' | 'refused' | 'timedOut' | 'gone'

export type EventType = GatewayEvent['type']

export type EventOf<T extends EventType> = Extract<GatewayEvent, { type: T }>
