import type { Target } from '../core/attempt.ts'

/** Chooses the target of the next attempt. */
export interface Balancer {
  /**
   * `tried` tells which targets this call has been sent to: they are chosen again only when no other is left.
   * Undefined when there is no target at all.
   */
  pick(tried: (target: Target) => boolean): Target | undefined
}
