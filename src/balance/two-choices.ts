import type { Random } from '../kit/random.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'

export interface TwoChoicesOptions {
  readonly random: Random
  readonly load: TargetLoad
  /** What it would cost to send this one an attempt now; `weight` is 1 where all have the same. */
  readonly cost: (place: number, weight: number) => number
}

/**
 * Of two that are drawn by weight, the one that costs less; the first if both cost the same. That is nearly as good as to
 * look at all, and does not send a whole herd to the one that looks best (Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001).
 */
export function twoChoices(rotation: Rotation, { random, load, cost }: TwoChoicesOptions): Balancer {
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  const costOf = (place: number): number => cost(place, candidates.weight(place))
  return {
    load,
    pick: (lastTried) => {
      const places = candidates.of(lastTried)
      if (places.length < 2) return targets[places[0] ?? -1]
      const first = candidates.draw(places, random)
      const one = places[first] as number
      const other = places[candidates.drawOther(places, first, random)] as number
      return targets[costOf(other) < costOf(one) ? other : one]
    },
  }
}
