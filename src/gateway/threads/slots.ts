/** The fewest rows in shared memory for workers: retiring workers keep theirs while others start. */
const leastSlots = 8

/** Rows of shared memory for `max` workers, plus the main thread's own, which is the last. */
export function slotsFor({ max }: { readonly max: number }): number {
  return Math.max(leastSlots, 2 * max) + 1
}
