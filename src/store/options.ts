import { z } from 'zod'
import { duration, size } from '../kit/schema.ts'

export const storeOptions = z
  .strictObject({
    path: z
      .string({ error: 'a path' })
      .min(1, { error: 'a path' })
      .prefault('hedgerow.db')
      .describe('The SQLite file; a relative path begins at the folder of the configuration. It is made on first use.'),
    retention: duration({ min: 1000 })
      .prefault('24h')
      .describe(
        'How long finished deliveries are kept, and with them the answers to their idempotency keys. Stripe keeps keys as long.',
      ),
    maxUndelivered: size()
      .prefault('256MiB')
      .describe(
        'Writes that are not delivered yet, altogether: request, header fields, and 1 KiB for each target; further ones get 503 `STORE_FULL`, as they do while the disk has no room. As much may be held in memory.',
      ),
  })
  .describe('Where broadcast writes are kept until every target has them, and results of durable callbacks.')

export type StoreOptions = z.output<typeof storeOptions>
