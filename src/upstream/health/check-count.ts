import type { HealthOptions } from './options.ts'

/** What active checks have found of one target. */
export interface CheckCount {
  readonly isUnhealthy: boolean
  /** Checks in a row that spoke against that. */
  readonly against: number
}

/** The judgement: it changes its mind only after so many checks in a row. */
export function afterCheck(count: CheckCount, isGood: boolean, options: HealthOptions): CheckCount {
  const { isUnhealthy } = count
  if (isGood !== isUnhealthy) return { isUnhealthy, against: 0 }
  const against = count.against + 1
  const enough = isUnhealthy ? options.healthy : options.unhealthy
  return against < enough ? { isUnhealthy, against } : { isUnhealthy: !isUnhealthy, against: 0 }
}
