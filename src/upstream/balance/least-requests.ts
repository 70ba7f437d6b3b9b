import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'
import { twoChoices } from './two-choices.ts'

/**
 * The fewer attempts in flight for its weight, of two that are drawn by weight. Envoy's least request does it so for
 * equal weights (`choice_count: 2`), and for others divides by the attempts in flight too. With nothing in flight the
 * shares are those of the weights.
 */
export function leastRequests(
  rotation: Rotation,
  { random, load }: { readonly random: Random; readonly load: TargetLoad },
): Balancer {
  return twoChoices(rotation, { random, load, cost: (place, weight) => load.burden(place) / weight })
}
