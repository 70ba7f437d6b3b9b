/** The fewest rows in shared memory for workers: those who retire keep theirs while others start. */
const leastSlots = 8

/** How many rows of shared memory so many workers need, with the main thread's own, which is the last. */
export function slotsFor({ max }: { readonly max: number }): number {
  return Math.max(leastSlots, 2 * max) + 1
}
