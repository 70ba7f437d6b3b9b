import type { Target } from '../../core/attempt.ts'
import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import { hash32, mix32 } from './hash.ts'
import type { KeyOf } from './hash-key.ts'
import { maglevTable, tableSize } from './maglev.ts'
import { randomPick } from './random.ts'
import type { Rotation } from './rotation.ts'

/** After so many slots in vain any candidate will do: with half of the targets out it comes to that once in 2^64 keys. */
const mostSlots = 64
const goldenRatio = 0x9e3779b9

/**
 * Requests with the same key go to the same target, whichever worker or gateway has them. A key whose target is not
 * available goes on through the table to the next that is, and comes back when its own is back; all other keys stay
 * where they are. In slow start a target gets its keys back little by little. Requests without a key go by chance.
 */
export function consistentHash(
  rotation: Rotation,
  { random, keyOf }: { readonly random: Random; readonly keyOf: KeyOf },
): Balancer {
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  const table = maglevTable(targets)
  const byChance = randomPick(rotation, random)

  const find = (places: readonly number[], hash: number): Target | undefined => {
    for (let turn = 0; turn < mostSlots; turn++) {
      const slot = (turn === 0 ? hash : mix32(hash + turn * goldenRatio)) % tableSize
      const place = table[slot] as number
      // In most cases all are there, and the search ends with its first step.
      if (places.length < targets.length && !places.includes(place)) continue
      const factor = candidates.factor(place)
      if (factor === 1 || mix32(hash ^ goldenRatio) < factor * 2 ** 32) return targets[place]
    }
    return targets[places[hash % places.length] as number]
  }

  return {
    pick: (lastTried, request) => {
      const places = candidates.of(lastTried)
      if (places.length < 2) return targets[places[0] ?? -1]
      const key = keyOf(request)
      return key === undefined ? byChance.pick(lastTried, request) : find(places, hash32(key))
    },
  }
}
