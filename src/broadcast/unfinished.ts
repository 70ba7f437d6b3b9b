import { ok, type Result } from '../core/result.ts'
import type { DeliveryStore, NewDelivery } from '../store/delivery-store.ts'

/** A delivery of an earlier run that still has a leg to deliver. */
export interface UnfinishedDelivery extends NewDelivery {
  readonly sequence: number
}

const pageSize = 500

/** Reads them without beginning any: that waits until their configuration is in force. */
export async function loadUnfinished(
  store: Pick<DeliveryStore, 'unfinished'>,
): Promise<Result<readonly UnfinishedDelivery[]>> {
  const all: UnfinishedDelivery[] = []
  for (let after = 0; ; ) {
    const page = await store.unfinished(after, pageSize)
    if (!page.ok) return page
    for (const stored of page.value) {
      after = stored.sequence
      const { request } = stored
      if (request !== undefined) all.push({ ...stored, request })
    }
    if (page.value.length < pageSize) return ok(all)
  }
}
