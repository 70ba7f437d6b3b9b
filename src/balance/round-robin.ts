import type { Target } from '../core/attempt.ts'
import { type MemoryScope, SharedMemory } from '../kit/shared-memory.ts'
import type { Balancer } from './balancer.ts'

/**
 * Smooth weighted round robin, as nginx does it (commit 52327e0627f4, Maxim Dounin 2012): at each pick every candidate
 * gains its weight, the highest is chosen and loses the sum. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 *
 * The turn is that of all workers. Each step of a pick is atomic and the pick is not: two workers that pick at the same
 * time may choose the same target, which then has lost the sum twice and is passed over later. So the shares are exact.
 */
export function roundRobin(targets: readonly Target[], memory: MemoryScope = new SharedMemory()): Balancer {
  const gains = memory.cells(`round robin ${targets.map(({ name }) => name).join(' ')}`, targets.length)
  const only = targets.length === 1 ? targets[0] : undefined

  const pickAmongLongestUntried = (lastTried: (target: Target) => number): Target | undefined => {
    let longestAgo = Number.POSITIVE_INFINITY
    for (const target of targets) longestAgo = Math.min(longestAgo, lastTried(target))
    let best = -1
    let highest = Number.NEGATIVE_INFINITY
    let totalWeight = 0
    for (let place = 0; place < targets.length; place++) {
      const target = targets[place] as Target
      if (lastTried(target) > longestAgo) continue
      const gain = Atomics.add(gains, place, target.weight) + target.weight
      totalWeight += target.weight
      if (gain <= highest) continue
      highest = gain
      best = place
    }
    if (best < 0) return undefined
    Atomics.sub(gains, best, totalWeight)
    return targets[best]
  }

  return { pick: (lastTried) => only ?? pickAmongLongestUntried(lastTried) }
}
