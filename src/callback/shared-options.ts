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
        'The base URL by which backends reach the front. Default: `http://localhost` with the port of `listen`.',
      ),
    key: secret
      .optional()
      .describe(
        'The secret that callback URLs and tickets are signed with. Default: one that is made and kept in `keyFile`.',
      ),
    previousKeys: z
      .array(secret)
      .prefault([])
      .describe('Earlier values of `key`, whose callbacks and tickets are still accepted: after a change of the key.'),
    keyFile: z
      .string({ error: 'a path' })
      .min(1, { error: 'a path' })
      .prefault('hedgerow.key')
      .describe(
        'Where the key is kept where `key` gives none; a relative path begins at the folder of the configuration. It is made on first use, for its user alone.',
      ),
    keyRotation: duration({ min: 60_000 })
      .prefault('7d')
      .describe(
        'After that time another key is made in `keyFile`; the old one is accepted until its last callback has expired.',
      ),
    tickets: z
      .strictObject({
        keep: duration()
          .prefault('10m')
          .describe(
            'How long after the deadline a result may come, and how long it is kept then. 0ms: late results are dropped, and there are no tickets.',
          ),
        limit: wholeNumber({ min: 1, max: 1_000_000 })
          .prefault(100_000)
          .describe(
            'Tickets that clients hold, and results that are kept for them, at a time. Where there are as many, `respond-async` gets 503 `STORE_FULL`, and who waited in vain gets no ticket.',
          ),
        size: size()
          .prefault('64MiB')
          .describe('What results may come to, altogether; further ones get 503 `STORE_FULL`.'),
        fetch: z
          .enum(['many', 'once'], { error: '`many` or `once`' })
          .prefault('many')
          .describe('Whether a result can be fetched many times until it expires, or once.'),
      })
      .prefault({})
      .describe('Results that came when nobody was waiting any more.'),
  })
  .describe('What routes with `callback` share.')

export type SharedCallbackOptions = z.output<typeof sharedCallbackOptions>

export function ticketLimits({ tickets }: SharedCallbackOptions): TicketLimits {
  return { maxTickets: tickets.limit, maxBytes: tickets.size }
}
