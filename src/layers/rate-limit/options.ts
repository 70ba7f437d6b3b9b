import { z } from 'zod'
import { duration, shapes, suchAs, wholeNumber } from '../../kit/schema.ts'

const by = z
  .string({ error: '`client`, `route` or `header:NAME`' })
  .regex(/^(?:client|route|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/, { error: '`client`, `route` or `header:NAME`' })
  .register(shapes, { shape: '`client`, `route` or `header:NAME`' })

export const rateLimitOptions = z
  .strictObject(
    {
      limit: wholeNumber({ min: 1, max: 1_000_000 }).describe('How many calls within `per`, over time.'),
      per: duration({ min: 1 }).prefault('1s').describe('The time that `limit` is for.'),
      burst: wholeNumber({ min: 1, max: 1_000_000 })
        .optional()
        .describe(
          'How many of them may come at once, after a time of quiet; then one each `per / limit`. Default: `limit`, as a token bucket has it (Envoy: `max_tokens`).',
        ),
      by: by
        .prefault('client')
        .describe(
          'Who shares one limit: `client`, all calls from one address (IPv6: from one /64), behind proxies as `trust` says; `header:NAME`, all with one value of that field, and those without it by their address; `route`, all calls of the route.',
        ),
      maxKeys: wholeNumber({ min: 8, max: 4_194_304 })
        .prefault(65_536)
        .describe(
          'How many clients, or values, are told apart at a time, in 8 bytes each; rounded up to a power of two. Whoever was quiet for long enough to have all of `burst` again takes no place. While more are busy, new ones share the place of another.',
        ),
    },
    suchAs('{ limit: 100, per: 1s }'),
  )
  .describe('How many calls are let in over time; more get 429 `RATE_LIMITED` with `Retry-After`. Default: no limit.')

export type RateLimitOptions = z.output<typeof rateLimitOptions>
