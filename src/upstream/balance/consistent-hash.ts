import type { Target } from '../../core/attempt.ts'
import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import { hash32, mix32 } from './hash.ts'
import type { KeyOf } from './hash-key.ts'
import { maglevTable, tableSize } from './maglev.ts'
import { randomPick } from './random.ts'
import type { Rotation } from './rotation.ts'

/** After this many misses any candidate will do. With half of the targets out, that happens for one key in 2^64. */
const mostSlots = 64
const goldenRatio = 0x9e3779b9

/**
 * Requests with the same key go to the same target, in any worker or gateway. If its target is unavailable, a key moves
 * on through the table to the next available target, and returns when its own does; all other keys stay put. A target
 * in slow start gets its keys back gradually. Requests without a key are spread at random.
 */
export function consistentHash(
  rotation: Rotation,
  { random, keyOf }: { readonly random: Random; readonly keyOf: KeyOf },
): Balancer {
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  const table = maglevTable(targets)
  const byChance = randomPick(rotation, random)

  const find = (indexes: readonly number[], hash: number): Target | undefined => {
    for (let turn = 0; turn < mostSlots; turn++) {
      const slot = (turn === 0 ? hash : mix32(hash + turn * goldenRatio)) % tableSize
      const index = table[slot] as number
      // Usually all targets are available, and the search ends at its first step.
      if (indexes.length < targets.length && !indexes.includes(index)) continue
      const factor = candidates.factor(index)
      if (factor === 1 || mix32(hash ^ goldenRatio) < factor * 2 ** 32) return targets[index]
    }
    return targets[indexes[hash % indexes.length] as number]
  }

  return {
    pick: (lastTried, request) => {
      const indexes = candidates.of(lastTried)
      if (indexes.length < 2) return targets[indexes[0] ?? -1]
      const key = keyOf(request)
      return key === undefined ? byChance.pick(lastTried, request) : find(indexes, hash32(key))
    },
  }
}
