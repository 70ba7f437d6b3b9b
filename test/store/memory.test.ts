import { memoryStore } from '../../src/store/memory-store.ts'
import { deliveryStoreConformance } from '../conformance/delivery-store.ts'

deliveryStoreConformance('memory', () => async (limits) => memoryStore({ limits }), {
  skip: { reopening: 'what is only in memory ends with the store' },
})
