import { z } from 'zod'
import type { Path } from './fault.ts'

/** What a schema looks like from outside: which keys it takes, and which of its forms a value is meant to have. */

export type Schema = z.core.$ZodType

export type Kind = 'mapping' | 'list' | 'text' | 'number' | 'boolean' | 'other'

/** Without what wraps it: optional, default, transform. */
export function bare(schema: Schema): Schema {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return bare(schema.unwrap())
  if (schema instanceof z.ZodPipe) return bare(schema.in)
  return schema
}

export function kindOfValue(value: unknown): Kind {
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'object' && value !== null) return 'mapping'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number' || typeof value === 'boolean') return typeof value as Kind
  return 'other'
}

export function kindsOf(schema: Schema): readonly Kind[] {
  const inner = bare(schema)
  if (inner instanceof z.ZodUnion) return [...new Set((inner.options as readonly Schema[]).flatMap(kindsOf))]
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return ['mapping']
  if (inner instanceof z.ZodArray) return ['list']
  if (inner instanceof z.ZodNumber) return ['number']
  if (inner instanceof z.ZodBoolean) return ['boolean']
  if (inner instanceof z.ZodString || inner instanceof z.ZodEnum) return ['text']
  if (inner instanceof z.ZodLiteral) return [...inner.values].map(kindOfValue)
  return ['other']
}

/** The form of a union that a mapping or list was meant to have; undefined for other values, and if there is none. */
export function branchOf(union: z.ZodUnion, value: unknown): number | undefined {
  const kind = kindOfValue(value)
  if (kind !== 'mapping' && kind !== 'list') return undefined
  let best: number | undefined
  let bestScore = Number.NEGATIVE_INFINITY
  for (const [index, option] of (union.options as readonly Schema[]).entries()) {
    const score = kindsOf(option).includes(kind) ? likeness(option, value as object) : Number.NEGATIVE_INFINITY
    if (score > bestScore) [best, bestScore] = [index, score]
  }
  return best
}

/** The schema for the value at a path, a union narrowed to the form meant; undefined below an unknown key. */
export function schemaAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  const found = declaredAt(schema, path, value)
  return found === undefined ? undefined : narrow(found, valueAt(value, path))
}

/** As `schemaAt`, but a union is left whole. */
export function declaredAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  let at: Schema | undefined = bare(schema)
  for (const [depth, step] of path.entries()) {
    if (at === undefined) return undefined
    const member = memberOf(narrow(at, valueAt(value, path.slice(0, depth))), step)
    at = member === undefined ? undefined : bare(member)
  }
  return at
}

export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = Reflect.get(at, step)
  }
  return at
}

/** The keys that a mapping may have; undefined if it takes any, or is none. */
export function keysOf(schema: Schema): readonly string[] | undefined {
  const inner = bare(schema)
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape)
  if (!(inner instanceof z.ZodRecord)) return undefined
  const key = bare(inner.keyType)
  return key instanceof z.ZodEnum ? key.options.map(String) : undefined
}

function narrow(schema: Schema, value: unknown): Schema {
  const inner = bare(schema)
  if (!(inner instanceof z.ZodUnion)) return inner
  const branch = branchOf(inner, value)
  return branch === undefined ? inner : narrow(inner.options[branch] as Schema, value)
}

function memberOf(schema: Schema, step: string | number): Schema | undefined {
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, step)) return undefined
  return schema.shape[step] as Schema
}

/** Counts for a form: keys that it knows. Counts against it: keys that it does not, and values of the wrong kind. */
function likeness(schema: Schema, value: object): number {
  const inner = bare(schema)
  if (!(inner instanceof z.ZodObject)) return 0
  let score = 0
  for (const [key, member] of Object.entries(value)) {
    const known = memberOf(inner, key)
    if (known === undefined) score -= 1
    // One key of the wrong kind says more than several that are missing.
    else score += kindsOf(known).includes(kindOfValue(member)) ? 1 : -3
  }
  return score
}
