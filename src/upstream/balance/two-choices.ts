import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'

export interface TwoChoicesOptions {
  readonly random: Random
  readonly load: TargetLoad
  readonly cost: Cost
}

/** What it would cost to send this one an attempt now; `weight` is 1 where all have the same. */
export type Cost = (place: number, weight: number) => number

export function twoChoices(rotation: Rotation, { random, load, cost }: TwoChoicesOptions): Balancer {
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  return {
    load,
    pick: (lastTried) => {
      const places = candidates.passing(candidates.of(lastTried), random)
      return targets[places.length < 2 ? (places[0] ?? -1) : betterOfTwo(candidates, places, random, cost)]
    },
  }
}

/**
 * Of two that are drawn by weight, the one that costs less; the first if both cost the same. That is nearly as good as to
 * look at all, and does not send a whole herd to the one that looks best (Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001). There have to be two.
 */
export function betterOfTwo(candidates: Candidates, places: readonly number[], random: Random, cost: Cost): number {
  const first = candidates.draw(places, random)
  const one = places[first] as number
  const other = places[candidates.drawOther(places, first, random)] as number
  return cost(other, candidates.weight(other)) < cost(one, candidates.weight(one)) ? other : one
}
