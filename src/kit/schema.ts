import { z } from 'zod'
import {
  durationPattern,
  parseDurationMs,
  parseQuantile,
  parseShare,
  parseSizeBytes,
  quantilePattern,
  sharePattern,
  sizePattern,
} from './units.ts'

/** The kinds of value that options have in common. Each says in its error what it takes. */

export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** `300ms`, `5s`, `2m`; milliseconds inside. Bounds in milliseconds. */
export function duration(bounds: Bounds = {}) {
  const expected = 'a duration such as 300ms, 5s or 2m'
  return z
    .string({ error: expected })
    .regex(durationPattern, { error: expected, abort: true })
    .transform((text) => parseDurationMs(text) ?? Number.NaN)
    .refine((ms) => within(ms, bounds), { error: `${expected}, ${range(bounds, 'ms')}` })
}

/** `64KiB`, `1MiB`; bytes inside. */
export function size() {
  const expected = 'a size such as 512B, 64KiB or 1MiB'
  return z
    .string({ error: expected })
    .regex(sizePattern, { error: expected })
    .transform((text) => parseSizeBytes(text) ?? Number.NaN)
}

/** `20%`; 0.2 inside. */
export function share() {
  const expected = 'a share from 0% to 100%, such as 20%'
  return z
    .string({ error: expected })
    .regex(sharePattern, { error: expected, abort: true })
    .transform((text) => parseShare(text) ?? Number.NaN)
    .refine((value) => value <= 1, { error: expected })
}

/** `p95`; 0.95 inside. */
export function quantile() {
  const expected = 'a quantile such as p50, p95 or p99.9'
  return z
    .string({ error: expected })
    .regex(quantilePattern, { error: expected })
    .transform((text) => parseQuantile(text) ?? Number.NaN)
}

export function wholeNumber(bounds: Bounds) {
  const expected = `a whole number, ${range(bounds, '')}`
  let schema = z.int({ error: expected })
  if (bounds.min !== undefined) schema = schema.min(bounds.min, { error: expected })
  if (bounds.max !== undefined) schema = schema.max(bounds.max, { error: expected })
  return schema
}

/** A path that begins with `/`, without a query. */
export function path() {
  return z.string().regex(/^\/[^?#\s]*$/, { error: 'a path that begins with / and has no query, such as /api/work' })
}

function within(value: number, bounds: Bounds): boolean {
  return value >= (bounds.min ?? Number.NEGATIVE_INFINITY) && value <= (bounds.max ?? Number.POSITIVE_INFINITY)
}

function range({ min, max }: Bounds, unit: string): string {
  if (min !== undefined && max !== undefined) return `${min}${unit} to ${max}${unit}`
  if (min !== undefined) return `${min}${unit} or more`
  if (max !== undefined) return `${max}${unit} or less`
  return 'any'
}
