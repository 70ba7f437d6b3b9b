import { z } from 'zod'
import { shapes } from '../../kit/schema.ts'

const statusText = /^(?:[1-5]xx|[1-5]\d\d(?:-[1-5]\d\d)?)$/

const error = 'a status such as 200, a class such as 2xx, or a range such as 200-299'

export const statusRange = z
  .union([z.int({ error }).min(100, { error }).max(599, { error }), z.string().regex(statusText, { error })], { error })
  .transform(toRange)
  .refine((range) => range.from <= range.to, { error })
  .register(shapes, { shape: 'status', range: '100 to 599' })

/** Inclusive. */
export interface StatusRange {
  readonly from: number
  readonly to: number
}

/** As written in a configuration. */
export function statusRangeText({ from, to }: StatusRange): string {
  if (from === to) return String(from)
  return from % 100 === 0 && to === from + 99 ? `${from / 100}xx` : `${from}-${to}`
}

export const successOptions = z.strictObject({
  status: z
    .array(statusRange)
    .min(1)
    .optional()
    .describe('Good statuses: codes, classes (`2xx`) or ranges (`200-299`).'),
  json: z
    .boolean()
    .prefault(false)
    .describe(
      'Whether the body must be valid JSON, nested at most 10,000 levels deep. The answer is then held whole before it is judged.',
    ),
  contentType: z
    .string()
    .optional()
    .describe('Required prefix of the content type, such as `application/json`; case-insensitive.'),
})

function toRange(text: number | string): StatusRange {
  if (typeof text === 'number') return { from: text, to: text }
  if (text.endsWith('xx')) return { from: Number(text[0]) * 100, to: Number(text[0]) * 100 + 99 }
  const [from, to] = text.split('-').map(Number) as [number, number | undefined]
  return { from, to: to ?? from }
}
