import { z } from 'zod'
import { duration, size } from '../kit/schema.ts'

export const storeOptions = z
  .strictObject({
    path: z
      .string({ error: 'a path' })
      .min(1, { error: 'a path' })
      .prefault('hedgerow.db')
      .describe('The SQLite file, created on first use. A relative path starts at the folder of the configuration.'),
    retention: duration({ min: 1000 })
      .prefault('24h')
      .describe(
        'How long to keep finished deliveries and the answers to their idempotency keys. Stripe keeps keys for the same time.',
      ),
    maxUndelivered: size()
      .prefault('256MiB')
      .describe(
        'Total size of undelivered writes: request, header fields, and 1 KiB per target. Further writes get 503 `STORE_FULL`, as they do while the disk is full. Up to this much may also be held in memory.',
      ),
  })
  .describe('Stores broadcast writes until every target has them, and the results of durable callbacks.')

export type StoreOptions = z.output<typeof storeOptions>
