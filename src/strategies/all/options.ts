import { z } from 'zod'
import { wholeNumber } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

const namedCall = z.strictObject({ upstream: upstreamName, ...attemptOptions })

const common = {
  tolerate: z
    .enum(['none', 'failures', 'lateness'], { error: '`none`, `failures` or `lateness`' })
    .prefault('none')
    .describe(
      '`none`: one failure fails the call at once. `failures`: all attempts must end by the deadline; the good answers are returned, and without any the call fails. `lateness`: the good answers that arrived by the deadline are returned, even if there are none.',
    ),
  ...heldOptions,
}

const sameCalls = z.strictObject({
  upstream: upstreamName,
  ...attemptOptions,
  calls: wholeNumber({ min: 1, max: 16 })
    .prefault(2)
    .describe('How many times the request is sent; the answer is a JSON array.'),
  ...common,
})

const namedCalls = z.strictObject({
  calls: z
    .record(z.string().min(1), namedCall)
    .refine((calls) => Object.keys(calls).length >= 1 && Object.keys(calls).length <= 16, {
      error: '1 to 16 named calls',
    })
    .describe('Calls by name, each to its own upstream and path; the answer is a JSON object.'),
  ...common,
})

export const allOptions = z
  .union([sameCalls, namedCalls])
  .describe(
    'Sends several attempts, or several named calls, at once and merges their answers into one JSON array or object.',
  )

export type AllOptions = z.output<typeof allOptions>
