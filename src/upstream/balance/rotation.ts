import type { Target } from '../../core/attempt.ts'

/** Which targets of an upstream may be sent something. */
export interface Rotation {
  readonly targets: readonly Target[]
  /** Goes up whenever `isAvailable` or a `factor` may answer otherwise: balancers cache by it. */
  readonly version: number
  /** False: it is ejected, unhealthy, resting (Retry-After), or its breaker is open. */
  isAvailable(place: number): boolean
  /** 0 to 1: how much of its weight counts (slow start). */
  factor(place: number): number
}

/** Each of them, always, with all its weight. */
export function allOf(targets: readonly Target[]): Rotation {
  return { targets, version: 0, isAvailable: () => true, factor: () => 1 }
}
