/** A row that no worker has; the last is the main thread's. */
export function freeSlot(slots: number, workers: readonly { readonly slot: number }[]): number | undefined {
  const taken = new Set(workers.map(({ slot }) => slot))
  for (let slot = 0; slot < slots - 1; slot++) if (!taken.has(slot)) return slot
  return undefined
}
