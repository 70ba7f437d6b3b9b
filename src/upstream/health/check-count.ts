import type { HealthOptions } from './options.ts'

/** State of one target's active checks. */
export interface CheckCount {
  readonly isUnhealthy: boolean
  /** Consecutive checks that contradict `isUnhealthy`. */
  readonly against: number
}

/** Changes the state only after the configured number of contradicting checks in a row. */
export function afterCheck(count: CheckCount, isGood: boolean, options: HealthOptions): CheckCount {
  const { isUnhealthy } = count
  if (isGood !== isUnhealthy) return { isUnhealthy, against: 0 }
  const against = count.against + 1
  const enough = isUnhealthy ? options.healthy : options.unhealthy
  return against < enough ? { isUnhealthy, against } : { isUnhealthy: !isUnhealthy, against: 0 }
}
