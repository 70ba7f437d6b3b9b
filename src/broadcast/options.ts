import { z } from 'zod'
import { duration, wholeNumber } from '../kit/schema.ts'
import { successOptions } from '../layers/success/options.ts'
import { attemptOptions, heldOptions, upstreamName } from '../strategies/attempt-options.ts'

const { retry: _retry, ...lineOptions } = attemptOptions

const orderBy = z
  .string({ error: orderForms() })
  .regex(/^(?:form[.:][^\s]+|json:(?:\/(?:[^~/]|~[01])*)+|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|target)$/, {
    error: orderForms(),
  })

export const broadcastOptions = z
  .strictObject({
    upstream: upstreamName,
    ...lineOptions,
    attemptTimeout: duration({ min: 1 }).prefault('10s').describe('How long a target may take to answer one attempt.'),
    success: successOptions
      .prefault({})
      .describe('Which answers acknowledge the write; any other answer is retried. Default: status 2xx.'),
    attempts: wholeNumber({ min: 1, max: 10_000 })
      .prefault(100)
      .describe(
        'Attempts at each target, including the first. After the last one, the delivery to that target is a dead letter.',
      ),
    backoff: z
      .strictObject({
        base: duration({ min: 1 }).prefault('1s').describe('The first wait.'),
        max: duration({ min: 1 }).prefault('64s').describe('The longest wait, before jitter.'),
        jitter: duration().prefault('100ms').describe('Upper bound of the random time added to each wait.'),
      })
      .refine(({ base, max }) => base <= max, { error: 'no more than `max`', path: ['base'] })
      .prefault({})
      .describe(
        "The wait before retry n (from 0): min(base x 2^n, max) + random(0..jitter). A target's `Retry-After` makes it longer.",
      ),
    respond: z
      .enum(['first', 'all', 'accepted'], { error: '`first`, `all` or `accepted`' })
      .prefault('first')
      .describe(
        '`first`: the client gets the first good answer. `all`: the client gets it once every target has acknowledged. `accepted`: 202 as soon as the write is durable. At the deadline: 202 with `Location`, because the write is durable and its delivery continues.',
      ),
    order: z
      .strictObject({
        by: orderBy.describe(
          '`form.FIELD`, `json:/POINTER`, `header:NAME`, or `target` for a single order of all writes.',
        ),
      })
      .optional()
      .describe(
        'Writes with the same value reach each target one at a time, in the order of arrival. Default: no order.',
      ),
    concurrency: wholeNumber({ min: 1, max: 10_000 }).prefault(64).describe('Concurrent attempts at one target.'),
    ...heldOptions,
  })
  .describe(
    'Sends a write to every target until each has acknowledged it. The write is durable before the first attempt.',
  )

export type BroadcastOptions = z.output<typeof broadcastOptions>

function orderForms(): string {
  return 'form.FIELD, json:/POINTER, header:NAME or target'
}
