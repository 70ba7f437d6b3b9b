import { join } from 'node:path'
import { deliveryStoreConformance } from '../conformance/delivery-store.ts'
import { folderFor, storeAt } from './place.ts'

deliveryStoreConformance('sqlite', (t) => {
  const path = join(folderFor(t), 'store.db')
  return (limits) => storeAt(t, path, { limits })
})
