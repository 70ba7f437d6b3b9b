import { insertingConformance } from './inserting.ts'
import { keepingConformance } from './keeping.ts'
import { listingConformance } from './listing.ts'
import { deliveryStoreProperties } from './properties.ts'
import { reopeningConformance } from './reopening.ts'
import { type Suite, suiteOf } from './suite.ts'
import { updatingConformance } from './updating.ts'

export interface ConformanceOptions {
  /** Features that a backend lacks, each with the reason. */
  readonly skip?: { readonly reopening?: string }
}

/** The contract of every delivery store backend. `place` prepares a place for one test. */
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
