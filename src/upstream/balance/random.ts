import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import type { Rotation } from './rotation.ts'

/** Picks at random, in proportion to weight. Keeps no state, so any number of gateways behave alike. */
export function randomPick(rotation: Rotation, random: Random): Balancer {
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  return {
    pick: (lastTried) => {
      const indexes = candidates.passing(candidates.of(lastTried), random)
      if (indexes.length < 2) return targets[indexes[0] ?? -1]
      return targets[indexes[candidates.draw(indexes, random)] as number]
    },
  }
}
