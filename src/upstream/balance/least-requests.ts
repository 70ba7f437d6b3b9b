import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'
import { twoChoices } from './two-choices.ts'

/**
 * Draws two targets by weight and takes the one with fewer attempts in flight for its weight. Envoy's least request
 * does the same for equal weights (`choice_count: 2`); for unequal ones it also divides by the attempts in flight. With
 * nothing in flight the shares equal the weights.
 */
export function leastRequests(
  rotation: Rotation,
  { random, load }: { readonly random: Random; readonly load: TargetLoad },
): Balancer {
  return twoChoices(rotation, { random, load, cost: (index, weight) => load.burden(index) / weight })
}
