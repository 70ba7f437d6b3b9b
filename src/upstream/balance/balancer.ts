import type { Target } from '../../core/attempt.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { TargetLoad } from './target-load.ts'

/** The number of a call's last attempt at a target; 0 if there was none. */
export type LastTried = (target: Target) => number

/** Chooses the target of the next attempt. */
export interface Balancer {
  /**
   * Picks an available target. Targets that the call has not tried come first, then the one tried longest ago.
   * `lastTried` is undefined on the call's first attempt; only hashing reads the request. Returns undefined when no
   * target is available.
   */
  pick(lastTried: LastTried | undefined, request: GatewayRequest): Target | undefined
  /** Set when the balancer is load-aware: it must see every attempt. */
  readonly load?: TargetLoad | undefined
}
