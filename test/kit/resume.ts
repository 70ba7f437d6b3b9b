import assert from 'node:assert/strict'
import type { Deliveries } from '../../src/broadcast/deliveries.ts'
import { loadUnfinished } from '../../src/broadcast/unfinished.ts'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'

/** Begins what an earlier run left in the store. */
export async function resume(deliveries: Deliveries, store: DeliveryStore): Promise<void> {
  const loaded = await loadUnfinished(store)
  assert.ok(loaded.ok)
  deliveries.resume(loaded.value)
}
