import type { Target } from '../../core/attempt.ts'
import { hash32 } from './hash.ts'

/**
 * A prime, at least a hundred times the number of targets, so that shares differ by at most 1 %: the paper's small
 * table.
 */
export const tableSize = 65_537

const free = 0xffff

/**
 * A Maglev table (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, 3.4): each
 * target has its own permutation of all slots, derived from its name, and targets take turns to claim their next free
 * slot; heavier targets get more turns. When a target leaves, its slots are redistributed and few others change owner.
 */
export function maglevTable(targets: readonly Pick<Target, 'name' | 'weight'>[]): Uint16Array {
  const table = new Uint16Array(tableSize).fill(free)
  const heaviest = targets.reduce((most, { weight }) => Math.max(most, weight), 0)
  const takers = targets.map(({ name, weight }) => ({
    next: hash32(name, 0x5bd1e995) % tableSize,
    step: (hash32(name, 0x1b873593) % (tableSize - 1)) + 1,
    share: weight / heaviest,
    due: 0,
  }))
  for (let taken = 0; taken < tableSize && takers.length > 0; ) {
    for (let index = 0; index < takers.length && taken < tableSize; index++) {
      const taker = takers[index] as (typeof takers)[number]
      taker.due += taker.share
      // Shares such as 1/3 add up to slightly less than 1.
      if (taker.due < 1 - 1e-9) continue
      taker.due -= 1
      taken++
      let slot = taker.next
      while (table[slot] !== free) slot = (slot + taker.step) % tableSize
      table[slot] = index
      taker.next = slot
    }
  }
  return table
}
