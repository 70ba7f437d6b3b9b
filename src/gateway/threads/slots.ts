/** The fewest rows in shared memory for workers: retiring workers keep theirs while others start. */
const leastSlots = 8

/** Rows of shared memory for `max` workers, plus the main thread's own, which is the last. */
export function slotsFor({ max }: { readonly max: number }): number {
  return Math.max(leastSlots, 2 * max) + 1
}

/** A row that no worker has; the last is the main thread's. */
export function freeSlot(slots: number, workers: readonly { readonly slot: number }[]): number | undefined {
  const taken = new Set(workers.map(({ slot }) => slot))
  for (let slot = 0; slot < slots - 1; slot++) if (!taken.has(slot)) return slot
  return undefined
}
