import { z } from 'zod'
import { duration, shapes, size } from '../kit/schema.ts'
import { retryOptions } from '../layers/retry/options.ts'
import { rewriteOptions } from '../layers/rewrite/options.ts'
import { successOptions } from '../layers/success/options.ts'

export const upstreamName = z
  .string({ error: 'the name of an upstream' })
  .min(1, { error: 'the name of an upstream' })
  .register(shapes, { shape: 'upstream name' })
  .describe('The upstream whose targets are asked: a name from `upstreams`.')

/** What can be said of every attempt, whatever the strategy. */
export const attemptOptions = {
  ...rewriteOptions,
  success: successOptions
    .prefault({})
    .describe(
      'Which answers count as good. Default: status 2xx. For `forward`: any below 500; what is not good is tried again where `retry` says so, and then passed on as it is.',
    ),
  attemptTimeout: duration({ min: 1 })
    .optional()
    .describe('How long one attempt may take, to its head or, where it is held, its end. Default: the deadline alone.'),
  retry: retryOptions.optional(),
}

/** The request body is read whole where it may have to be sent twice. */
export const heldOptions = {
  bodyLimit: size()
    .prefault('1MiB')
    .describe('The largest request body that is taken; more gets 413. nginx has the same default.'),
  maxAnswer: size()
    .prefault('10MiB')
    .describe('The largest answer that is held in memory; a larger one counts as failed.'),
}

const attemptShape = z.strictObject(attemptOptions)

export type AttemptOptions = z.output<typeof attemptShape>
