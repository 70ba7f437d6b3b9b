import { z } from 'zod'
import { duration, quantile, share, wholeNumber } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

const adaptive = z.strictObject({
  quantile: quantile().describe(
    "Share of this route's first attempts that are in time: with `p95`, 5 % are late and hedged. The delay is steered by how many were late, so it stays correct although losers are cancelled; it follows a change within some hundred calls (`p99`: thousands).",
  ),
  min: duration().prefault('1ms').describe('The minimum delay.'),
  max: duration()
    .prefault('1s')
    .describe(
      'The maximum delay. We chose 1 s: if more attempts hang than `quantile` allows to be late, the extras must still go out before the deadline.',
    ),
  start: duration()
    .prefault('100ms')
    .describe(
      'The initial delay. If none of the first 20 attempts is late, it drops to the longest of them. We chose 100 ms: by then most backends have answered.',
    ),
})

const adaptiveDefaults = adaptive.parse({ quantile: 'p95' })

const after = z
  .union([duration(), quantile().transform((share) => ({ ...adaptiveDefaults, quantile: share })), adaptive], {
    error: 'a duration such as 300ms, a quantile such as p95, or { quantile, min, max, start }',
  })
  .prefault('p95')
  .describe(
    'When the extras are sent if no good answer has arrived. Dean and Barroso ("The Tail at Scale", 2013) hedge after the 95th percentile, for about 5 % extra load.',
  )

export type HedgeAfter = z.output<typeof after>

export const hedgeOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    after,
    extra: wholeNumber({ min: 1, max: 10 }).prefault(1).describe('Maximum number of extra attempts.'),
    spacing: duration()
      .prefault('0ms')
      .describe('Time between the extras; 0ms sends them all at once. A failure sends the next one at once.'),
    first: z
      .enum(['keep', 'drop'], { error: '`keep` or `drop`' })
      .prefault('keep')
      .describe('Whether the first attempt stays in the race when the extras go out.'),
    budget: z
      .union([z.literal('unlimited'), share()], { error: 'a share such as 20%, or unlimited' })
      .prefault('20%')
      .describe(
        "Extras as a share of calls; three in flight are always allowed. The upstream's `budget` applies as well, unless this is `unlimited`.",
      ),
    unsafe: z
      .enum(['refuse', 'allow'], { error: '`refuse` or `allow`' })
      .prefault('refuse')
      .describe('Whether to hedge a method that may change something and has no `Idempotency-Key`.'),
    ...heldOptions,
  })
  .describe('Sends one attempt, and more if it is late or fails; the first good answer wins.')

export type HedgeOptions = z.output<typeof hedgeOptions>
