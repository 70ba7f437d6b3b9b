import { insertingConformance } from './inserting.ts'
import { keepingConformance } from './keeping.ts'
import { listingConformance } from './listing.ts'
import { deliveryStoreProperties } from './properties.ts'
import { reopeningConformance } from './reopening.ts'
import { type Suite, suiteOf } from './suite.ts'
import { updatingConformance } from './updating.ts'

export interface ConformanceOptions {
  /** What a backend cannot do, each with the reason. */
  readonly skip?: { readonly reopening?: string }
}

/** What every backend of the delivery store has to do. `place` prepares one, for one test. */
export function deliveryStoreConformance(
  name: string,
  place: Suite['place'],
  { skip = {} }: ConformanceOptions = {},
): void {
  const suite = suiteOf(name, place, skip.reopening ?? false)
  insertingConformance(suite)
  updatingConformance(suite)
  listingConformance(suite)
  keepingConformance(suite)
  reopeningConformance(suite)
  deliveryStoreProperties(suite)
}
