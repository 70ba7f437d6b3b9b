import { z } from 'zod'
import {
  durationPattern,
  formatDurationMs,
  parseDurationMs,
  parseQuantile,
  parseShare,
  parseSizeBytes,
  quantilePattern,
  sharePattern,
  sizePattern,
} from './units.ts'

/** Value types shared by options. Each names the allowed values in its error. */

export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** Names of value types in the reference, and their ranges. */
export const shapes = z.registry<{ readonly shape: string; readonly range?: string }>()

/** Spellings that users of other tools may try, mapped to the spelling used here. */
export const synonyms = z.registry<Readonly<Record<string, string>>>()

/** For options that are off at zero. */
export function offIs(zero: '0ms' | '0%'): Readonly<Record<string, string>> {
  return { off: zero, none: zero, never: zero, false: zero, '0': zero }
}

/** Node's timers take at most 2^31 - 1 ms, 24.8 days; longer ones fire immediately. */
const longestDuration = 24 * 86_400_000

/** `300ms`, `5s`, `2m`; parsed to milliseconds. Bounds in milliseconds. */
export function duration(bounds: Bounds = {}) {
  const expected = 'a duration such as 300ms, 5s or 2m'
  return z
    .string({ error: expected })
    .regex(durationPattern, { error: expected, abort: true })
    .transform((text) => parseDurationMs(text) ?? Number.NaN)
    .refine((ms) => within(ms, bounds), { error: `${expected}, ${range(bounds, formatDurationMs)}`, abort: true })
    .refine((ms) => ms <= longestDuration, { error: `${expected}, ${formatDurationMs(longestDuration)} or less` })
    .register(shapes, { shape: 'duration', range: range(bounds, formatDurationMs) })
}

/** `64KiB`, `1MiB`; parsed to bytes. */
export function size() {
  const expected = 'a size such as 512B, 64KiB or 1MiB'
  return z
    .string({ error: expected })
    .regex(sizePattern, { error: expected })
    .transform((text) => parseSizeBytes(text) ?? Number.NaN)
    .refine(Number.isSafeInteger, { error: expected })
    .register(shapes, { shape: 'size' })
}

/** `20%`; parsed to 0.2. */
export function share() {
  const expected = 'a share from 0% to 100%, such as 20%'
  return z
    .string({ error: expected })
    .regex(sharePattern, { error: expected, abort: true })
    .transform((text) => parseShare(text) ?? Number.NaN)
    .refine((value) => value <= 1, { error: expected })
    .register(shapes, { shape: 'share', range: '0% to 100%' })
}

/** `p95`; parsed to 0.95. */
export function quantile() {
  const expected = 'a quantile such as p50, p95 or p99.9'
  return z
    .string({ error: expected })
    .regex(quantilePattern, { error: expected })
    .transform((text) => parseQuantile(text) ?? Number.NaN)
    .register(shapes, { shape: 'quantile', range: 'p0 to less than p100' })
}

export function wholeNumber(bounds: Bounds) {
  const expected = `a whole number, ${range(bounds, String)}`
  let schema = z.int({ error: expected })
  if (bounds.min !== undefined) schema = schema.min(bounds.min, { error: expected })
  if (bounds.max !== undefined) schema = schema.max(bounds.max, { error: expected })
  return schema.register(shapes, { shape: 'whole number', range: range(bounds, String) })
}

/** A path that begins with `/`, without a query. */
export function path() {
  const error = 'a path that begins with / and has no query, such as /api/work'
  return z
    .string({ error })
    .regex(/^\/[^?#\s]*$/, { error })
    .register(shapes, { shape: 'path' })
}

/** A field name as defined in RFC 9110 (a token). */
export function headerName() {
  const error = 'the name of a header field'
  return z
    .string({ error })
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error })
    .register(shapes, { shape: 'field name' })
}

/** For a mapping: an example in the error if the value is not a mapping. */
export function suchAs(example: string): { readonly error: (issue: { readonly code: string }) => string | undefined } {
  return { error: ({ code }) => (code === 'invalid_type' ? `a mapping such as ${example}` : undefined) }
}

function within(value: number, bounds: Bounds): boolean {
  return value >= (bounds.min ?? Number.NEGATIVE_INFINITY) && value <= (bounds.max ?? Number.POSITIVE_INFINITY)
}

function range({ min, max }: Bounds, format: (value: number) => string): string {
  if (min !== undefined && max !== undefined) return `${format(min)} to ${format(max)}`
  if (min !== undefined) return `${format(min)} or more`
  if (max !== undefined) return `${format(max)} or less`
  return 'any'
}
