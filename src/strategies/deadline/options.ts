import { z } from 'zod'
import { duration } from '../../kit/schema.ts'

const minDeadline = duration({ min: 1 }).prefault('1ms')
const maxDeadline = duration({ min: 1 }).prefault('60s')

const clientValue = z
  .union(
    [
      z.strictObject({ query: z.string().min(1).describe('The query parameter.') }),
      z.strictObject({ header: z.string().min(1).describe('The header field.') }),
    ],
    { error: '{ query: NAME } or { header: NAME }' },
  )
  .describe('Where the client may give the deadline, as a whole number of milliseconds.')

const full = z
  .strictObject({
    default: duration({ min: 1 }).prefault('10s').describe('The deadline where the client gives none.'),
    min: minDeadline.describe('The shortest that a client may ask for.'),
    max: maxDeadline.describe('The longest that a client may ask for.'),
    from: clientValue.optional(),
    required: z.boolean().prefault(false).describe('Whether the client has to give it.'),
  })
  .refine((options) => options.min <= options.max, { error: 'min must not exceed max', path: ['min'] })
  .refine((options) => !options.required || options.from !== undefined, {
    error: 'required needs `from`, which says where the client gives it',
    path: ['required'],
  })

/** `5s`, or all of it. */
export const deadlineOptions = z
  .union([duration({ min: 1 }).transform((ms) => full.parse({ default: `${ms}ms` })), full], {
    error: 'a duration such as 5s, or { default, min, max, from, required }',
  })
  .describe('The instant by which the client has its answer, counted from the request.')

export type DeadlineOptions = z.output<typeof full>
