import type { Target } from '../../core/attempt.ts'

/** Which targets of an upstream may receive attempts. */
export interface Rotation {
  readonly targets: readonly Target[]
  /** Goes up whenever the result of `isAvailable` or `factor` may change: balancers cache by it. */
  readonly version: number
  /** False: the target is ejected, unhealthy, resting (Retry-After), or its breaker is open. */
  isAvailable(index: number): boolean
  /** Share of the weight that counts (slow start), 0 to 1. */
  factor(index: number): number
}

/** All targets, always available, with their full weight. */
export function allOf(targets: readonly Target[]): Rotation {
  return { targets, version: 0, isAvailable: () => true, factor: () => 1 }
}
