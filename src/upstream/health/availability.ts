/** Condition of a target at one moment. */
export interface Condition {
  readonly isEjected: boolean
  readonly isUnhealthy: boolean
  /** On the gateway's clock; in the past when the target does not rest. */
  readonly restsUntilMs: number
  readonly breakerAllows: boolean
}

export interface Availability {
  /** By target index. */
  readonly available: readonly boolean[]
  /** Too few targets are healthy: ejections and checks are ignored. */
  readonly isPanicking: boolean
}

/**
 * Decides which targets may receive attempts. The breaker is final. Ejections and checks count while enough targets are
 * healthy, and never when no target would be left, unless the threshold is 0. A target that asked for a rest gets it,
 * unless no target would be left: then the one whose rest ends first keeps serving.
 */
export function availabilityOf(conditions: readonly Condition[], panicShare: number, nowMs: number): Availability {
  const isWell = conditions.map(({ isEjected, isUnhealthy }) => !isEjected && !isUnhealthy)
  const well = isWell.filter(Boolean).length
  const isAllowed = conditions.map(({ breakerAllows }) => breakerAllows)
  const nobodyLeft = !isWell.some((one, index) => one && isAllowed[index])
  const isPanicking = panicShare > 0 && (nobodyLeft ? isAllowed.includes(true) : well < panicShare * conditions.length)
  const mayServe = isAllowed.map((allowed, index) => allowed && (isPanicking || isWell[index] === true))
  const available = mayServe.map((may, index) => may && (conditions[index] as Condition).restsUntilMs <= nowMs)
  if (available.includes(true)) return { available, isPanicking }
  let first = -1
  for (const [index, { restsUntilMs }] of conditions.entries()) {
    if (mayServe[index] !== true) continue
    if (first < 0 || restsUntilMs < (conditions[first] as Condition).restsUntilMs) first = index
  }
  return { available: mayServe.map((_, index) => index === first), isPanicking }
}
