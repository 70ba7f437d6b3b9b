import { z } from 'zod'
import { share, wholeNumber } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

export const firstOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    calls: wholeNumber({ min: 1, max: 16 })
      .prefault(2)
      .describe('Attempts sent at once, to different targets if there are several.'),
    settle: z
      .enum(['success', 'response'], { error: '`success` or `response`' })
      .prefault('success')
      .describe(
        '`success`: failures are skipped, and the first good answer is returned. `response`: the first attempt to end decides, even if it failed.',
      ),
    budget: z
      .union([z.literal('unlimited'), share()], { error: 'a share such as 20%, or unlimited' })
      .prefault('unlimited')
      .describe(
        "Attempts beyond the first, as a share of calls; three in flight are always allowed, and the upstream's `budget` applies as well. `unlimited`: always as many as `calls`.",
      ),
    ...heldOptions,
  })
  .describe('Sends several attempts at once; the first one gives the answer.')

export type FirstOptions = z.output<typeof firstOptions>
