import type { TestContext } from 'node:test'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import type { StoreLimits } from '../../src/store/limits.ts'

/** Opens the store of one test: empty the first time, then with its previous contents. Removed with the test. */
export type OpenPlace = (limits: StoreLimits) => Promise<DeliveryStore>

type Test = (t: TestContext) => Promise<void>

/** State shared by the parts of the conformance suite. */
export interface Suite {
  readonly name: string
  /** Prepares a place for one test. */
  readonly place: (t: TestContext) => OpenPlace
  /** Why tests that reopen the store are skipped; `false` runs them. */
  readonly skipReopening: string | false
  /** A test with one store, closed afterwards. */
  readonly withStore: (test: (store: DeliveryStore) => Promise<void>, limits?: StoreLimits) => Test
}

export const noLimit: StoreLimits = { maxUndeliveredBytes: Number.MAX_SAFE_INTEGER }

export function suiteOf(name: string, place: Suite['place'], skipReopening: string | false): Suite {
  const withStore: Suite['withStore'] =
    (test, limits = noLimit) =>
    async (t) => {
      const store = await place(t)(limits)
      try {
        await test(store)
      } finally {
        await store.close()
      }
    }
  return { name, place, skipReopening, withStore }
}
