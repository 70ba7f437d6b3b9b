import { z } from 'zod'
import { share, wholeNumber } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

export const firstOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    calls: wholeNumber({ min: 1, max: 16 })
      .prefault(2)
      .describe('Attempts sent at once, to different targets where there are several.'),
    settle: z
      .enum(['success', 'response'], { error: '`success` or `response`' })
      .prefault('success')
      .describe(
        '`success`: failures are skipped, the first good answer is given. `response`: the first to end decides, also if it failed.',
      ),
    budget: z
      .union([z.literal('unlimited'), share()], { error: 'a share such as 20%, or unlimited' })
      .prefault('unlimited')
      .describe(
        'Calls beyond the first, as a share of calls; three in flight are always allowed, and `budget` of the upstream holds as well. `unlimited`: always as many as `calls` says.',
      ),
    ...heldOptions,
  })
  .describe('Several attempts at once; the first one gives the answer.')

export type FirstOptions = z.output<typeof firstOptions>
