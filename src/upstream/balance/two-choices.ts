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

/** Cost of sending this target an attempt now; `weight` is 1 when all weights are equal. */
export type Cost = (index: number, weight: number) => number

export function twoChoices(rotation: Rotation, { random, load, cost }: TwoChoicesOptions): Balancer {
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  return {
    load,
    pick: (lastTried) => {
      const indexes = candidates.passing(candidates.of(lastTried), random)
      return targets[indexes.length < 2 ? (indexes[0] ?? -1) : betterOfTwo(candidates, indexes, random, cost)]
    },
  }
}

/**
 * Draws two candidates by weight and takes the cheaper one, or the first if both cost the same. This is nearly as good
 * as comparing all, and does not send a whole herd to the one that looks best (Mitzenmacher, "The Power of Two Choices
 * in Randomized Load Balancing", 2001). Needs at least two candidates.
 */
export function betterOfTwo(candidates: Candidates, indexes: readonly number[], random: Random, cost: Cost): number {
  const first = candidates.draw(indexes, random)
  const one = indexes[first] as number
  const other = indexes[candidates.drawOther(indexes, first, random)] as number
  return cost(other, candidates.weight(other)) < cost(one, candidates.weight(one)) ? other : one
}
