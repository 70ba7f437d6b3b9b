import { z } from 'zod'
import { shapes, wholeNumber } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

export const quorumOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    of: wholeNumber({ min: 2, max: 16 }).prefault(3).describe('How many targets are asked, each a different one.'),
    need: wholeNumber({ min: 1, max: 16 })
      .optional()
      .describe('How many of them must agree. Default: more than half of `of`.'),
    ignore: z
      .array(
        z
          .string()
          .regex(/^(?:\/(?:[^~/]|~[01])*)+$/, { error: 'a JSON pointer such as /timestamp (RFC 6901)' })
          .register(shapes, { shape: 'JSON pointer' }),
      )
      .prefault([])
      .describe(
        'Parts of a JSON body that may differ, as JSON pointers. With pointers, the order of members does not matter either. A body that names a member twice in one object, or nests deeper than 10,000 levels, is compared byte for byte, and so is a string of more than 256 KiB that contains escapes.',
      ),
    ...heldOptions,
  })
  .transform((options) => ({ ...options, need: options.need ?? Math.floor(options.of / 2) + 1 }))
  .refine((options) => options.need <= options.of, { error: 'no more than `of`', path: ['need'] })
  .describe('Asks several targets and answers as soon as enough of them agree on status and body.')
