import { z } from 'zod'
import { configSchema } from '../config/schema.ts'
import { shapes } from '../kit/schema.ts'
import { formatDurationMs, formatQuantile, formatShare, formatSizeBytes } from '../kit/units.ts'

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

/** The configuration with its numbers as a file writes them: `drain: 30s` for 30000. */
export function withUnits(config: unknown): unknown {
  units ??= unitsOf(configSchema)
  return written(config, units)
}

function written(value: unknown, units: Units): unknown {
  if (typeof value === 'number') return units.format?.(value) ?? value
  if (Array.isArray(value)) return value.map((item) => written(item, units))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, member]) => {
    const unitsOfMember = units.members.get(name) ?? units.others
    return [name, unitsOfMember === undefined ? member : written(member, unitsOfMember)]
  })
  return Object.fromEntries(entries)
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
