import { z } from 'zod'
import { configSchema } from '../config/schema.ts'
import { shapes } from '../kit/schema.ts'
import { formatDurationMs, formatQuantile, formatShare, formatSizeBytes } from '../kit/units.ts'
import { statusRangeText } from '../layers/success/options.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema
type Format = (value: number) => string

const formats: Readonly<Record<string, Format>> = {
  duration: formatDurationMs,
  size: formatSizeBytes,
  share: formatShare,
  quantile: formatQuantile,
}

/** How the numbers of an option are written, and those of its members. A list is written like its items. */
interface Units {
  format: Format | undefined
  readonly members: Map<string, Units>
  /** For maps whose keys are names chosen by the user. */
  others: Units | undefined
}

let units: Units | undefined

/** The configuration as a file gives it, so that it can be compared with one, and copied into one. */
export function writtenConfig(config: unknown): unknown {
  units ??= unitsOf(configSchema)
  return written(config, units)
}

function written(value: unknown, units: Units): unknown {
  if (typeof value === 'number') return units.format?.(value) ?? value
  if (Array.isArray(value)) return value.map((item) => written(item, units))
  if (typeof value !== 'object' || value === null) return value
  const given = shortForm(value)
  if (typeof given !== 'object') return given
  const entries = Object.entries(given).map(([name, member]) => {
    const unitsOfMember = units.members.get(name) ?? units.others
    return [name, unitsOfMember === undefined ? member : written(member, unitsOfMember)]
  })
  return Object.fromEntries(entries)
}

/** Undoes what the schema does to options that have a short form. */
function shortForm(value: object): object | string {
  if (isStatusRange(value)) return statusRangeText(value)
  if (!isBalance(value)) return value
  const { kind, ...options } = value
  return Object.keys(options).length === 0 ? kind : { [kind]: options }
}

function isStatusRange(value: object): value is { readonly from: number; readonly to: number } {
  return 'from' in value && 'to' in value && typeof value.from === 'number' && typeof value.to === 'number'
}

/** `kind` is the key of no option; `peak-ewma` and its like are keys of `balance`. */
function isBalance(value: object): value is { readonly kind: string } {
  return 'kind' in value && typeof value.kind === 'string'
}

const shapeKey = 'x-shape'

/** Read from the schema, so that no list of options can go stale. */
function unitsOf(schema: z.ZodType): Units {
  const described = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const shape = shapes.get(zodSchema)?.shape
      if (shape !== undefined) jsonSchema[shapeKey] = shape
    },
  })
  const units = emptyUnits()
  collect(described, units)
  return units
}

function collect(schema: unknown, units: Units): void {
  if (typeof schema !== 'object' || schema === null) return
  const { [shapeKey]: shape, anyOf, oneOf, properties, additionalProperties, items } = schema as JsonSchema
  if (typeof shape === 'string') units.format ??= formats[shape]
  for (const form of [...(anyOf ?? []), ...(oneOf ?? [])]) collect(form, units)
  for (const [name, member] of Object.entries(properties ?? {})) {
    const unitsOfMember = units.members.get(name) ?? emptyUnits()
    units.members.set(name, unitsOfMember)
    collect(member, unitsOfMember)
  }
  if (typeof additionalProperties === 'object') collect(additionalProperties, (units.others ??= emptyUnits()))
  collect(items, units)
}

function emptyUnits(): Units {
  return { format: undefined, members: new Map(), others: undefined }
}
