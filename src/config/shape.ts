import { z } from 'zod'
import type { Path } from '../kit/json-pointer.ts'
import { synonyms } from '../kit/schema.ts'

/** Inspects a schema: which keys it takes, and which of its forms a value is meant to have. */

export type Schema = z.core.$ZodType

export type Kind = 'mapping' | 'list' | 'text' | 'number' | 'boolean' | 'other'

/** Unwraps optional, default and transform. */
export function bare(schema: Schema): Schema {
  const inner = unwrapped(schema)
  return inner === undefined ? schema : bare(inner)
}

function unwrapped(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return schema.unwrap()
  return schema instanceof z.ZodPipe ? schema.in : undefined
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

/** The form of a union that a mapping or list was meant to have; undefined for other values, and if it is unclear. */
export function branchOf(union: z.ZodUnion, value: unknown): number | undefined {
  const kind = kindOfValue(value)
  if (kind !== 'mapping' && kind !== 'list') return undefined
  const forms = (union.options as readonly Schema[]).map(bare)
  const canTell = forms.filter((form) => kindsOf(form).includes(kind)).length === 1
  let best: number | undefined
  let bestScore = Number.NEGATIVE_INFINITY
  for (const [index, form] of forms.entries()) {
    if (!kindsOf(form).includes(kind)) continue
    const score = likeness(form, value as object, forms)
    if (score > bestScore) [best, bestScore] = [index, score]
  }
  // If nothing speaks for this form, the union's own wording says more than the issues of the form.
  return canTell || bestScore > 0 || union.def.error === undefined ? best : undefined
}

/** The schema for the value at a path, with unions narrowed to the form meant; undefined below an unknown key. */
export function schemaAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  const found = declaredAt(schema, path, value)
  return found === undefined ? undefined : narrow(found, valueAt(value, path))
}

/** Like `schemaAt`, but leaves a union whole. */
export function declaredAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  const found = wrappedAt(schema, path, value)
  return found === undefined ? undefined : bare(found)
}

/** Other names for the value at a path: see `synonyms`. */
export function synonymsAt(schema: Schema, path: Path, value: unknown): Readonly<Record<string, string>> {
  let at = wrappedAt(schema, path, value)
  while (at !== undefined && !synonyms.has(at)) at = unwrapped(at)
  return (at && synonyms.get(at)) ?? {}
}

function wrappedAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  let at: Schema | undefined = schema
  for (const [depth, step] of path.entries()) {
    if (at === undefined) return undefined
    at = memberOf(narrow(at, valueAt(value, path.slice(0, depth))), step)
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

/** The keys that a mapping may have; undefined if it takes any, or is no mapping. */
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

/**
 * A key that the form knows counts for it, an unknown one against it. Most of all, a value counts against it that
 * another form accepts under this key and this one does not: `calls` of the strategy `all` tells its forms apart.
 */
function likeness(form: Schema, value: object, forms: readonly Schema[]): number {
  let score = 0
  for (const [key, member] of Object.entries(value)) {
    const takes = (one: Schema): boolean => {
      const schema = memberOf(one, key)
      return schema !== undefined && kindsOf(schema).includes(kindOfValue(member))
    }
    if (memberOf(form, key) === undefined) score -= 1
    else score += takes(form) || !forms.some(takes) ? 1 : -3
  }
  return score
}
