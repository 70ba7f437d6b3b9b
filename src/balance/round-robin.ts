import type { Target } from '../core/attempt.ts'
import type { Balancer } from './balancer.ts'

interface Turn {
  readonly target: Target
  current: number
}

/**
 * Smooth weighted round robin, as nginx does it (commit 52327e0627f4, Maxim Dounin 2012): at each pick every candidate
 * gains its weight, the highest is chosen and loses the sum. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 */
export function roundRobin(targets: readonly Target[]): Balancer {
  const turns: readonly Turn[] = targets.map((target) => ({ target, current: 0 }))
  const only = targets.length === 1 ? targets[0] : undefined

  const pickAmongLongestUntried = (lastTried: (target: Target) => number): Target | undefined => {
    let longestAgo = Number.POSITIVE_INFINITY
    for (const turn of turns) longestAgo = Math.min(longestAgo, lastTried(turn.target))
    let best: Turn | undefined
    let totalWeight = 0
    for (const turn of turns) {
      if (lastTried(turn.target) > longestAgo) continue
      turn.current += turn.target.weight
      totalWeight += turn.target.weight
      if (best === undefined || turn.current > best.current) best = turn
    }
    if (best === undefined) return undefined
    best.current -= totalWeight
    return best.target
  }

  return { pick: (lastTried) => only ?? pickAmongLongestUntried(lastTried) }
}
