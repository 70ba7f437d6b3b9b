import { z } from 'zod'
import { duration, quantile, share, wholeNumber } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

const adaptive = z.strictObject({
  quantile: quantile().describe(
    "So large a share of this route's first attempts is in time: with `p95` 5 % are late, and hedged. The delay is steered by how many were late, so it holds also where losers are cancelled; it follows a change within some hundred calls (`p99`: thousands).",
  ),
  min: duration().prefault('1ms').describe('The delay is never shorter.'),
  max: duration()
    .prefault('1s')
    .describe(
      'The delay is never longer. 1 s is ours: where more attempts hang than may be late by `quantile`, the extras must still go out before the deadline.',
    ),
  start: duration()
    .prefault('100ms')
    .describe(
      'The delay at the beginning. If none of the first 20 attempts is late, it comes down to the longest of them. 100 ms are ours: late enough that most backends have answered.',
    ),
})

const adaptiveDefaults = adaptive.parse({ quantile: 'p95' })

const after = z
  .union([duration(), quantile().transform((share) => ({ ...adaptiveDefaults, quantile: share })), adaptive], {
    error: 'a duration such as 300ms, a quantile such as p95, or { quantile, min, max, start }',
  })
  .prefault('p95')
  .describe(
    'When the extras are sent if no good answer has come. Dean and Barroso ("The Tail at Scale", 2013) hedge after the 95th percentile, for about 5 % extra load.',
  )

export type HedgeAfter = z.output<typeof after>

export const hedgeOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    after,
    extra: wholeNumber({ min: 1, max: 10 }).prefault(1).describe('How many more attempts are sent.'),
    spacing: duration()
      .prefault('0ms')
      .describe('Time between the extras; 0ms sends them all at once. A failure sends the next at once.'),
    first: z
      .enum(['keep', 'drop'], { error: '`keep` or `drop`' })
      .prefault('keep')
      .describe('Whether the first attempt stays in the race when the extras go out.'),
    budget: z
      .union([z.literal('unlimited'), share()], { error: 'a share such as 20%, or unlimited' })
      .prefault('20%')
      .describe(
        'Extras as a share of calls; three in flight are always allowed. `budget` of the upstream holds as well, unless this is `unlimited`.',
      ),
    unsafe: z
      .enum(['refuse', 'allow'], { error: '`refuse` or `allow`' })
      .prefault('refuse')
      .describe('Whether a method that may change something is hedged without an `Idempotency-Key`.'),
    ...heldOptions,
  })
  .describe('One attempt, and more if it is late or fails; the first good answer of all wins.')

export type HedgeOptions = z.output<typeof hedgeOptions>
