import type { Target } from '../../core/attempt.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { TargetLoad } from './target-load.ts'

/** The number of a call's last attempt at a target, 0 if there was none. */
export type LastTried = (target: Target) => number

/** Chooses the target of the next attempt. */
export interface Balancer {
  /**
   * Of the targets that are available, those that the call has not tried yet are preferred, then the one that was tried
   * longest ago. `lastTried` is undefined where it is the call's first attempt; the request is read by hashing alone.
   * Undefined when no target is available.
   */
  pick(lastTried: LastTried | undefined, request: GatewayRequest): Target | undefined
  /** There where it goes by what the targets do: is to be told of each attempt. */
  readonly load?: TargetLoad | undefined
}
