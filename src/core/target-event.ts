import type { Target } from './attempt.ts'

/** Why a target is taken out for a time: attempts in a row failed, it fails more than the others, it asked for it. */
export const ejectionReasons = ['failures', 'success_rate', 'retry_after'] as const

export type EjectionReason = (typeof ejectionReasons)[number]

export const breakerStates = ['closed', 'open', 'half_open'] as const

export type BreakerState = (typeof breakerStates)[number]

export const outReasons = ['ejected', 'unhealthy', 'resting', 'breaker_open'] as const

/** Why a target is sent nothing, or would not be if more of the others were well. */
export type OutReason = (typeof outReasons)[number]

/** What becomes of a target. It belongs to no call: the main thread tells it, at most a second later, for all threads. */
export type TargetEvent =
  | {
      readonly type: 'target.ejected'
      readonly target: Target
      readonly because: EjectionReason
      readonly forMs: number
    }
  /** It is ejected no more. */
  | { readonly type: 'target.returned'; readonly target: Target }
  /** Active checks have changed their mind. `detail`: what the last one met. */
  | { readonly type: 'target.health'; readonly target: Target; readonly isHealthy: boolean; readonly detail: string }
  | {
      readonly type: 'breaker.changed'
      readonly target: Target
      readonly from: BreakerState
      readonly to: BreakerState
    }
