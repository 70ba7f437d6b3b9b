import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'
import { type Cost, twoChoices } from './two-choices.ts'

/**
 * Draws two targets by weight and takes the one with the lower expected time to a good answer: its latency times its
 * attempts in flight, this one included. This is Finagle's Peak EWMA with power of two choices; a target of twice the
 * weight bears twice as many attempts in flight.
 */
export function peakEwma(
  rotation: Rotation,
  { random, load }: { readonly random: Random; readonly load: TargetLoad },
): Balancer {
  return twoChoices(rotation, { random, load, cost: ewmaCost(load) })
}

export function ewmaCost(load: TargetLoad): Cost {
  return (index, weight) => {
    const inFlight = load.inFlight(index)
    // An unknown target is tried by one attempt at a time, as in Finagle. Otherwise a target added beside ones faster
    // than its assumed latency would get nothing until that had faded.
    if (inFlight === 0 && !load.isKnown(index)) return 0
    return load.expectedMs(index) * (inFlight / weight + 1)
  }
}
