import type { Failure } from '../core/failure.ts'
import type { DeliveryStore, NewDelivery, StoredDelivery } from '../store/delivery-store.ts'

/** A delivery of an earlier run that still has a leg to deliver. */
export interface UnfinishedDelivery extends NewDelivery {
  readonly sequence: number
}

export type LoadedDeliveries =
  | { readonly ok: true; readonly value: readonly UnfinishedDelivery[] }
  | { readonly ok: false; readonly failure: Failure }

const pageSize = 500

/** Reads them without beginning any: that waits until their configuration is in force. */
export async function loadUnfinished(store: Pick<DeliveryStore, 'unfinished'>): Promise<LoadedDeliveries> {
  const value: UnfinishedDelivery[] = []
  for (let after = 0; ; ) {
    const page = await store.unfinished(after, pageSize)
    if (!Array.isArray(page)) return { ok: false, failure: page as Failure }
    for (const stored of page as readonly StoredDelivery[]) {
      after = stored.sequence
      const { request } = stored
      if (request !== undefined) value.push({ ...stored, request })
    }
    if (page.length < pageSize) return { ok: true, value }
  }
}
