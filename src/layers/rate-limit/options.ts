import { z } from 'zod'
import { duration, shapes, suchAs, wholeNumber } from '../../kit/schema.ts'

const by = z
  .string({ error: '`client`, `route` or `header:NAME`' })
  .regex(/^(?:client|route|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, { error: '`client`, `route` or `header:NAME`' })
  .register(shapes, { shape: '`client`, `route` or `header:NAME`' })

export const rateLimitOptions = z
  .strictObject(
    {
      limit: wholeNumber({ min: 1, max: 1_000_000 }).describe('How many calls are allowed per `per`, on average.'),
      per: duration({ min: 1 }).prefault('1s').describe('The period of `limit`.'),
      burst: wholeNumber({ min: 1, max: 1_000_000 })
        .optional()
        .describe(
          'Burst size: calls allowed at once after an idle period; after that one per `per / limit`. Default: `limit`, as in a token bucket (Envoy: `max_tokens`).',
        ),
      by: by
        .prefault('client')
        .describe(
          'Which calls share one limit. `client`: all calls from one address (IPv6: one /64), behind proxies according to `trust`; `header:NAME`: all calls with the same value of that field, and calls without the field by address; `route`: all calls of the route.',
        ),
      maxKeys: wholeNumber({ min: 8, max: 4_194_304 })
        .prefault(65_536)
        .describe(
          'How many clients or values are tracked at a time, in 8 bytes each; rounded up to a power of two. A client that has been idle until all of `burst` is available again takes no slot. If more are busy, new ones share the slot of another.',
        ),
    },
    suchAs('{ limit: 100, per: 1s }'),
  )
  .describe(
    'How many calls are admitted over time; further calls get 429 `RATE_LIMITED` with `Retry-After`. Default: no limit.',
  )

export type RateLimitOptions = z.output<typeof rateLimitOptions>
