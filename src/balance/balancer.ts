import type { Target } from '../core/attempt.ts'

/** Chooses the target of the next attempt. */
export interface Balancer {
  /**
   * `lastTried` tells the number of this call's last attempt at a target, 0 if there was none. Those not tried yet are
   * preferred, then the one that was tried longest ago. Undefined when there is no target at all.
   */
  pick(lastTried: (target: Target) => number): Target | undefined
}
