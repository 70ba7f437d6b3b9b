import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'
import { type Cost, twoChoices } from './two-choices.ts'

/**
 * The shorter time to a good answer, of two that are drawn by weight: what an answer takes, times those that are in
 * flight already and this one. Finagle's Peak EWMA with power of two choices; a target of twice the weight bears twice as
 * many in flight.
 */
export function peakEwma(
  rotation: Rotation,
  { random, load }: { readonly random: Random; readonly load: TargetLoad },
): Balancer {
  return twoChoices(rotation, { random, load, cost: ewmaCost(load) })
}

export function ewmaCost(load: TargetLoad): Cost {
  return (place, weight) => {
    const inFlight = load.inFlight(place)
    // One of which nothing is known is tried, by one attempt at a time: Finagle does it so. Else one that is added beside
    // quicker ones than it is taken for would wait until that has faded.
    if (inFlight === 0 && !load.isKnown(place)) return 0
    return load.expectedMs(place) * (inFlight / weight + 1)
  }
}
