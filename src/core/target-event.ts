import type { Target } from './attempt.ts'

/** Why a target is taken out for a time: attempts in a row failed, it fails more than the others, it asked for it. */
export const ejectionReasons = ['failures', 'success_rate', 'retry_after'] as const

export type EjectionReason = (typeof ejectionReasons)[number]

export const breakerStates = ['closed', 'open', 'half_open'] as const

export type BreakerState = (typeof breakerStates)[number]

export const outReasons = ['ejected', 'unhealthy', 'resting', 'breaker_open'] as const

/** Why a target is sent nothing, or would not be if more of the others were well. */
export type OutReason = (typeof outReasons)[number]

/** What opened a breaker that was closed. */
export interface BreakerOpening {
  readonly failed: number
  readonly attempts: number
  /** The time in which these attempts ended. */
  readonly windowMs: number
}

/** What becomes of a target. It belongs to no call: the main thread tells it, at most a second later, for all threads. */
export type TargetEvent =
  | {
      readonly type: 'target.ejected'
      readonly target: Target
      readonly because: EjectionReason
      readonly forMs: number
      /** For `failures`: how many attempts in a row. */
      readonly inARow?: number
      /** What the last of them came to: `status 500`, `timeout`. */
      readonly last?: string
    }
  /** It is ejected no more, or has had the rest that it asked for. `stillOut`: what else keeps attempts from it. */
  | {
      readonly type: 'target.returned'
      readonly target: Target
      readonly was: 'ejected' | 'resting'
      readonly stillOut: readonly OutReason[]
    }
  /** Active checks have changed their mind. `detail`: what the last one met. */
  | { readonly type: 'target.health'; readonly target: Target; readonly isHealthy: boolean; readonly detail: string }
  | {
      readonly type: 'breaker.changed'
      readonly target: Target
      readonly from: BreakerState
      readonly to: BreakerState
      /** How long, where it is open. */
      readonly forMs?: number
      readonly opening?: BreakerOpening
    }
