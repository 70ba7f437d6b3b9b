import type { Target } from '../../core/attempt.ts'
import { type MemoryScope, SharedMemory } from '../../kit/shared-memory.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import type { Rotation } from './rotation.ts'

/** Weights are whole numbers; slow start scales them in this many steps. */
const stepsOfWeight = 100

/**
 * Smooth weighted round robin, as in nginx (commit 52327e0627f4, Maxim Dounin 2012): at each pick every candidate gains
 * its weight; the highest is chosen and loses the sum. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 *
 * All workers share the counters. Each step of a pick is atomic, but the pick as a whole is not: two workers that pick
 * at the same time may choose the same target, which then has lost the sum twice and is passed over later. So the
 * shares stay exact.
 */
export function roundRobin(rotation: Rotation, memory: MemoryScope = new SharedMemory()): Balancer {
  const { targets } = rotation
  const gains = memory.cells(`round robin ${targets.map(({ name }) => name).join(' ')}`, targets.length)
  const candidates = new Candidates(rotation)

  return {
    pick: (lastTried) => {
      const indexes = candidates.of(lastTried)
      if (indexes.length < 2) return targets[indexes[0] ?? -1]
      let best = -1
      let highest = Number.NEGATIVE_INFINITY
      let totalWeight = 0
      for (const index of indexes) {
        const { weight: fullWeight } = targets[index] as Target
        const weight = Math.max(1, Math.round(fullWeight * stepsOfWeight * candidates.factor(index)))
        const gain = Atomics.add(gains, index, weight) + weight
        totalWeight += weight
        if (gain <= highest) continue
        highest = gain
        best = index
      }
      Atomics.sub(gains, best, totalWeight)
      return targets[best]
    },
  }
}
