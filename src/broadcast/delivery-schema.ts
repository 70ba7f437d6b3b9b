import { z } from 'zod'
import { count, time, type ViewOf } from '../kit/view-schema.ts'

/** A delivery as shown to clients and operators. */

const legState = z.enum(['pending', 'acknowledged', 'dead', 'discarded'])

const leg = z.strictObject({
  target: z.string(),
  state: legState,
  attempts: count.describe('Attempts that have ended.'),
  waitsFor: z
    .enum(['turn', 'time'])
    .optional()
    .describe("Set while pending: `turn` waits for earlier writes or the target's limit, `time` for the next attempt."),
  nextAttemptAt: time.optional().describe('When the next attempt is due, while pending.'),
  outcome: z.string().optional().describe('Outcome of the last attempt.'),
  status: z.int().optional(),
  detail: z.string().optional(),
})

export const delivery = z.strictObject({
  id: z.string(),
  route: z.string(),
  state: legState.describe(
    '`pending` while any target is; otherwise `dead` or `discarded` if any target is; otherwise `acknowledged`.',
  ),
  createdAt: time,
  finishedAt: time.optional(),
  targets: z.array(leg),
})

/** One target's part of a delivery. */
export type LegView = ViewOf<typeof leg>
export type DeliveryView = ViewOf<typeof delivery>
