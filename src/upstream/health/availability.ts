/** What is known of a target at one moment. */
export interface Condition {
  readonly isEjected: boolean
  readonly isUnhealthy: boolean
  /** On the gateway's clock; of one that does not rest it is past. */
  readonly restsUntilMs: number
  readonly breakerAllows: boolean
}

export interface Availability {
  /** By place. */
  readonly available: readonly boolean[]
  /** Too few are well: ejection and checks are not believed. */
  readonly isPanicking: boolean
}

/**
 * Who may be sent something. The breaker's word is final. Ejection and checks are believed as long as enough targets
 * are well, and never where nobody would be left, unless the threshold is 0. Who asked for a rest gets it, unless it is
 * the last one: then it is the one whose rest ends first.
 */
export function availabilityOf(conditions: readonly Condition[], panicShare: number, nowMs: number): Availability {
  const isWell = conditions.map(({ isEjected, isUnhealthy }) => !isEjected && !isUnhealthy)
  const well = isWell.filter(Boolean).length
  const isAllowed = conditions.map(({ breakerAllows }) => breakerAllows)
  const nobodyLeft = !isWell.some((one, place) => one && isAllowed[place])
  const isPanicking = panicShare > 0 && (nobodyLeft ? isAllowed.includes(true) : well < panicShare * conditions.length)
  const mayServe = isAllowed.map((allowed, place) => allowed && (isPanicking || isWell[place] === true))
  const available = mayServe.map((may, place) => may && (conditions[place] as Condition).restsUntilMs <= nowMs)
  if (available.includes(true)) return { available, isPanicking }
  let first = -1
  for (const [place, { restsUntilMs }] of conditions.entries()) {
    if (mayServe[place] !== true) continue
    if (first < 0 || restsUntilMs < (conditions[first] as Condition).restsUntilMs) first = place
  }
  return { available: mayServe.map((_, place) => place === first), isPanicking }
}
