import type { Target } from './attempt.ts'

/** Why a target is ejected: attempts in a row failed, it fails more often than the others, it sent `Retry-After`. */
export const ejectionReasons = ['failures', 'success_rate', 'retry_after'] as const

export type EjectionReason = (typeof ejectionReasons)[number]

export const breakerStates = ['closed', 'open', 'half_open'] as const

export type BreakerState = (typeof breakerStates)[number]

export const outReasons = ['ejected', 'unhealthy', 'resting', 'breaker_open'] as const

/** Why a target receives nothing, or would receive nothing if more of the others were healthy. */
export type OutReason = (typeof outReasons)[number]

/** Why a closed breaker opened. */
export interface BreakerOpening {
  readonly failed: number
  readonly attempts: number
  /** The window in which these attempts ended. */
  readonly windowMs: number
}

/** A change in a target's state. No call owns it: the main thread emits it for all threads, at most a second later. */
export type TargetEvent =
  | {
      readonly type: 'target.ejected'
      readonly target: Target
      readonly because: EjectionReason
      readonly forMs: number
      /** For `failures`: how many attempts in a row. */
      readonly inARow?: number
      /** Outcome of the last of them: `status 500`, `timeout`. */
      readonly last?: string
    }
  /** The ejection, or the rest that the target asked for, is over. `stillOut`: what else keeps attempts from it. */
  | {
      readonly type: 'target.returned'
      readonly target: Target
      readonly was: 'ejected' | 'resting'
      readonly stillOut: readonly OutReason[]
    }
  /** The verdict of active checks changed. `detail`: result of the last check. */
  | { readonly type: 'target.health'; readonly target: Target; readonly isHealthy: boolean; readonly detail: string }
  | {
      readonly type: 'breaker.changed'
      readonly target: Target
      readonly from: BreakerState
      readonly to: BreakerState
      /** How long the breaker stays open; only when `to` is `open`. */
      readonly forMs?: number
      readonly opening?: BreakerOpening
    }
