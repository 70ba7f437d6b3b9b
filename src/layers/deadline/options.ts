import { z } from 'zod'
import { duration, headerName } from '../../kit/schema.ts'
import { formatDurationMs } from '../../kit/units.ts'

/** The longest deadline that a client may ask for, unless the route sets `max`. */
const maxDeadlineMs = 60_000

export const usualDeadlineMs = 10_000

const clientValue = z
  .union(
    [
      z.strictObject({ query: z.string().min(1).describe('The query parameter.') }),
      z.strictObject({ header: headerName().describe('The header field.') }),
    ],
    { error: '{ query: NAME } or { header: NAME }' },
  )
  .describe('Where the client may send the deadline, as a whole number of milliseconds.')

const full = z
  .strictObject({
    default: duration({ min: 1 })
      .optional()
      .describe('The deadline if the client sends none. Default: 10s; for `callback` 5s.'),
    min: duration({ min: 1 }).prefault('1ms').describe('The shortest deadline that a client may ask for.'),
    max: duration({ min: 1 })
      .optional()
      .describe('The longest deadline that a client may ask for. Default: 60s, or `default` or `min` if longer.'),
    from: clientValue.optional(),
    required: z.boolean().prefault(false).describe('Whether the client must send a deadline.'),
  })
  .refine(({ min, max }) => max === undefined || min <= max, { error: 'no more than `max`', path: ['min'] })
  .refine((options) => !options.required || options.from !== undefined, {
    error: 'false, or `from` beside it to say where the client gives the deadline',
    path: ['required'],
  })

/** `5s`, or the full form. */
export const deadlineOptions = z
  .union([duration({ min: 1 }).transform((ms) => ({ ...full.parse({}), default: ms })), full], {
    error: 'a duration such as 5s, or { default, min, max, from, required }',
  })
  .describe('The time by which the client has its answer, counted from the request.')

export type DeadlineConfig = z.output<typeof full>

export interface DeadlineOptions extends DeadlineConfig {
  readonly default: number
  readonly max: number
}

/** Adds the defaults that depend on the strategy or on other options. */
export function resolveDeadline(config: DeadlineConfig, usualMs: number): DeadlineOptions {
  const defaultMs = config.default ?? usualMs
  return { ...config, default: defaultMs, max: config.max ?? Math.max(maxDeadlineMs, defaultMs, config.min) }
}

/** In plain words, for `hedgerow check --explain`. */
export function deadlineText({ default: usual, min, max, from, required }: DeadlineOptions): string {
  if (from === undefined) return formatDurationMs(usual)
  const source = 'query' in from ? `?${from.query}` : `header ${from.header}`
  const asked = `from ${source}, ${formatDurationMs(min)} to ${formatDurationMs(max)}`
  return required ? `${asked}, required` : `${formatDurationMs(usual)}, or ${asked}`
}
