import type { StoredLeg } from './delivery-store.ts'

/** The number of a delivery's legs in each state that queries look for. */
export interface LegTally {
  readonly pending: number
  readonly dead: number
  readonly discarded: number
}

export function tallyLegs(legs: readonly StoredLeg[]): LegTally {
  let pending = 0
  let dead = 0
  let discarded = 0
  for (const { state } of legs) {
    if (state === 'pending') pending++
    else if (state === 'dead') dead++
    else if (state === 'discarded') discarded++
  }
  return { pending, dead, discarded }
}
