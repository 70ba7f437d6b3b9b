import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { shapes } from '../kit/schema.ts'
import { formatDurationMs, formatQuantile, formatShare, formatSizeBytes } from '../kit/units.ts'
import { type StatusRange, statusRangeText } from '../layers/success/options.ts'
import { matchText } from './match.ts'
import { asWritten } from './route-strategy.ts'
import { type Config, configSchema } from './schema.ts'
import { bare, type Schema } from './shape.ts'

/** The configuration with the keys of a file, but with values as they were parsed: milliseconds, bytes, shares. */
export function asFile(config: Config): object {
  return { ...config, routes: config.routes.map((route) => ({ ...asWritten(route), match: matchText(route.match) })) }
}

/** The configuration as a file would have it, with all defaults. */
export function notationOf(config: Config): object {
  return asNotation(configSchema, asFile(config)) as object
}

/**
 * Writes a parsed value as a file would have it, so that a configuration in force can be compared with its file or
 * pasted back: 30000 is `30s` where the schema takes a duration, 65536 is `64KiB` where it takes a size.
 *
 * If there are several forms, this writes the first that the schema reads back as the same value. A value that no form
 * yields is written as it is.
 */
function asNotation(schema: Schema, value: unknown): unknown {
  if (value === undefined) return undefined
  const unit = unitOf(schema, value)
  if (unit !== undefined) return unit
  const inner = bare(schema)
  if (inner instanceof z.ZodUnion) return formOf(inner.options, value)
  if (Array.isArray(value)) {
    return inner instanceof z.ZodArray ? value.map((item) => asNotation(inner.element, item)) : value
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  if (inner instanceof z.ZodRecord) {
    return Object.fromEntries(entries.map(([name, member]) => [name, asNotation(inner.valueType, member)]))
  }
  if (!(inner instanceof z.ZodObject)) return value
  const { shape } = inner
  return Object.fromEntries(
    entries.map(([name, member]) => [
      name,
      Object.hasOwn(shape, name) ? asNotation(shape[name] as Schema, member) : member,
    ]),
  )
}

const units: Readonly<Record<string, (value: number) => string>> = {
  duration: formatDurationMs,
  size: formatSizeBytes,
  share: formatShare,
  quantile: formatQuantile,
}

/** The registered value type may be within a wrapper, such as a default. */
function unitOf(schema: Schema, value: unknown): unknown {
  const name = shapes.get(schema)?.shape
  if (name === 'status' && isRange(value)) return value.from === value.to ? value.from : statusRangeText(value)
  const format = name === undefined || typeof value !== 'number' ? undefined : units[name]
  if (format !== undefined) return format(value as number)
  const inside = schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault ? schema.unwrap() : undefined
  return inside && unitOf(inside, value)
}

function isRange(value: unknown): value is StatusRange {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value
}

function formOf(forms: readonly Schema[], value: unknown): unknown {
  for (const form of forms) {
    for (const given of spellingsOf(value)) {
      const written = asNotation(form, given)
      const read = z.safeParse(form, written)
      if (read.success && isDeepStrictEqual(withoutAbsent(read.data), withoutAbsent(value))) return written
    }
  }
  return value
}

/** A balancer is written by its name alone, or as `{ name: options }`. */
function spellingsOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return [value]
  const { kind, ...options } = value
  return [value, kind, { [String(kind)]: options }]
}

/** One form may leave a key out where another sets it to undefined. */
function withoutAbsent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
