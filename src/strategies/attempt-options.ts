import { z } from 'zod'
import { duration, shapes, size } from '../kit/schema.ts'
import { retryOptions } from '../layers/retry/options.ts'
import { rewriteOptions } from '../layers/rewrite/options.ts'
import { successOptions } from '../layers/success/options.ts'

export const upstreamName = z
  .string({ error: 'the name of an upstream' })
  .min(1, { error: 'the name of an upstream' })
  .register(shapes, { shape: 'upstream name' })
  .describe('The upstream whose targets are called: a name from `upstreams`.')

/** Options of every attempt, whatever the strategy. */
export const attemptOptions = {
  ...rewriteOptions,
  success: successOptions
    .prefault({})
    .describe(
      'Which answers count as good. Default: status 2xx. For `forward`: any below 500; an answer that is not good is retried if `retry` allows it, and then passed on unchanged.',
    ),
  attemptTimeout: duration({ min: 1 })
    .optional()
    .describe(
      'How long one attempt may take, to the head of its answer, or to the end if the answer is held. Default: only the deadline applies.',
    ),
  retry: retryOptions.optional(),
}

/** The request body is read whole if it may have to be sent twice. */
export const heldOptions = {
  bodyLimit: size()
    .prefault('1MiB')
    .describe('The largest request body accepted; a larger one gets 413. nginx has the same default.'),
  maxAnswer: size().prefault('10MiB').describe('The largest answer held in memory; a larger one counts as failed.'),
}

const attemptShape = z.strictObject(attemptOptions)

export type AttemptOptions = z.output<typeof attemptShape>
