import { z } from 'zod'
import { baseUrl } from '../kit/address-schema.ts'
import { duration, size, wholeNumber } from '../kit/schema.ts'
import type { TicketLimits } from '../store/ticket-store.ts'

const secret = z.string().min(32, { error: 'at least 32 characters, such as `openssl rand -base64 32` gives' })

export const sharedCallbackOptions = z
  .strictObject({
    url: baseUrl
      .transform((url) => url.replace(/\/+$/, ''))
      .optional()
      .describe(
        'The base URL at which backends reach the front. Default: `http://localhost` with the port of `listen`.',
      ),
    key: secret
      .optional()
      .describe('The secret that signs callback URLs and tickets. Default: a generated key, kept in `keyFile`.'),
    previousKeys: z
      .array(secret)
      .prefault([])
      .describe(
        'Earlier values of `key`. Callbacks and tickets signed with them are still accepted; used when the key changes.',
      ),
    keyFile: z
      .string({ error: 'a path' })
      .min(1, { error: 'a path' })
      .prefault('hedgerow.key')
      .describe(
        'File of the generated key, used without `key`; a relative path starts at the folder of the configuration. Created on first use, readable by its user alone.',
      ),
    keyRotation: duration({ min: 60_000 })
      .prefault('7d')
      .describe(
        'After this time a new key is generated in `keyFile`; the old one is accepted until its last callback has expired.',
      ),
    tickets: z
      .strictObject({
        keep: duration()
          .prefault('10m')
          .describe(
            'How long after the deadline a result may arrive, and how long it is then kept. 0ms: late results are dropped, and there are no tickets.',
          ),
        limit: wholeNumber({ min: 1, max: 1_000_000 })
          .prefault(100_000)
          .describe(
            'Upper bound on tickets that clients hold, including results kept for them. At the limit, `respond-async` gets 503 `STORE_FULL`, and clients that waited until the deadline get no ticket.',
          ),
        size: size()
          .prefault('64MiB')
          .describe('Upper bound on the total size of kept results; further results get 503 `STORE_FULL`.'),
        fetch: z
          .enum(['many', 'once'], { error: '`many` or `once`' })
          .prefault('many')
          .describe('Whether a result can be fetched many times until it expires, or only once.'),
      })
      .prefault({})
      .describe('Results that arrive after their client has stopped waiting.'),
  })
  .describe('Settings shared by all routes with `callback`.')

export type SharedCallbackOptions = z.output<typeof sharedCallbackOptions>

export function ticketLimits({ tickets }: SharedCallbackOptions): TicketLimits {
  return { maxTickets: tickets.limit, maxBytes: tickets.size }
}
