import { z } from 'zod'
import { duration, headerName } from '../../kit/schema.ts'

/** The longest that a client may ask for where the route does not say. */
const maxDeadlineMs = 60_000

const clientValue = z
  .union(
    [
      z.strictObject({ query: z.string().min(1).describe('The query parameter.') }),
      z.strictObject({ header: headerName().describe('The header field.') }),
    ],
    { error: '{ query: NAME } or { header: NAME }' },
  )
  .describe('Where the client may give the deadline, as a whole number of milliseconds.')

const full = z
  .strictObject({
    default: duration({ min: 1 }).prefault('10s').describe('The deadline where the client gives none.'),
    min: duration({ min: 1 }).prefault('1ms').describe('The shortest that a client may ask for.'),
    max: duration({ min: 1 })
      .optional()
      .describe('The longest that a client may ask for. Default: 60s, or `default` or `min` where that is longer.'),
    from: clientValue.optional(),
    required: z.boolean().prefault(false).describe('Whether the client has to give it.'),
  })
  .refine(({ min, max }) => max === undefined || min <= max, { error: 'no more than `max`', path: ['min'] })
  .refine((options) => !options.required || options.from !== undefined, {
    error: 'false, or `from` beside it to say where the client gives the deadline',
    path: ['required'],
  })
  .transform((options) => ({ ...options, max: options.max ?? Math.max(maxDeadlineMs, options.default, options.min) }))

/** `5s`, or all of it. */
export const deadlineOptions = z
  .union([duration({ min: 1 }).transform(withDefault), full], {
    error: 'a duration such as 5s, or { default, min, max, from, required }',
  })
  .describe('The instant by which the client has its answer, counted from the request.')

/** Not by parsing `${ms}ms`, which large and small numbers do not survive. */
function withDefault(defaultMs: number): DeadlineOptions {
  return { ...full.parse({}), default: defaultMs, max: Math.max(maxDeadlineMs, defaultMs) }
}

export type DeadlineOptions = z.output<typeof full>
