import { z } from 'zod'
import type { Schema } from '../../src/config/shape.ts'
import { shapes } from '../../src/kit/schema.ts'
import { code } from './markdown.ts'

/** One option in the reference. */
export interface Option {
  /** `retry.backoff.base`; `[]` stands for each entry of a list, capitals for a user-defined name. */
  readonly name: string
  readonly shape: string
  readonly fallback: string
  readonly allowed: string
  readonly description: string
}

/** The user-defined names in mappings, by the option that has them. */
const ownNames: Readonly<Record<string, string>> = { failures: 'CODE', set: 'FIELD' }

/** The options of a mapping and all below them. `without`: options described elsewhere. */
export function optionsOf(schema: Schema, without: ReadonlySet<Schema> = new Set(), prefix = ''): readonly Option[] {
  const inner = unwrapped(schema)
  if (!(inner instanceof z.ZodObject)) throw new Error(`${prefix} is no mapping`)
  return Object.entries(inner.shape as Readonly<Record<string, Schema>>)
    .filter(([, member]) => !without.has(member))
    .flatMap(([key, member]) => [optionOf(member, prefix + key)].concat(memberOptions(member, prefix + key, without)))
}

export function descriptionOf(schema: Schema): string {
  if (schema instanceof z.ZodType && schema.description !== undefined) return schema.description
  const inner = unwrapOnce(schema)
  return inner === undefined ? '' : descriptionOf(inner)
}

export function unwrapped(schema: Schema): Schema {
  const inner = unwrapOnce(schema)
  return inner === undefined ? schema : unwrapped(inner)
}

function optionOf(schema: Schema, name: string): Option {
  return {
    name,
    shape: shapeOf(schema),
    fallback: defaultOf(schema),
    allowed: allowedOf(schema),
    description: descriptionOf(schema),
  }
}

function memberOptions(schema: Schema, name: string, without: ReadonlySet<Schema>): readonly Option[] {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodObject) return optionsOf(inner, without, `${name}.`)
  if (inner instanceof z.ZodUnion) {
    const all = (inner.options as readonly Schema[]).flatMap((option) => memberOptions(option, name, without))
    return all.filter(({ name: one }, index) => all.findIndex((other) => other.name === one) === index)
  }
  if (inner instanceof z.ZodArray) return memberOptions(inner.element, `${name}[]`, without)
  if (!(inner instanceof z.ZodRecord)) return []
  const own = ownNames[name.split('.').at(-1) ?? ''] ?? 'NAME'
  return memberOptions(inner.valueType, `${name}.${own}`, without)
}

function shapeOf(schema: Schema): string {
  const known = shapes.get(schema)
  if (known !== undefined) return known.shape
  const inner = unwrapOnce(schema)
  if (inner !== undefined) return shapeOf(inner)
  if (schema instanceof z.ZodUnion)
    return [...new Set((schema.options as readonly Schema[]).map(shapeOf))].reduce(alternatives)
  if (schema instanceof z.ZodArray) return `list of ${plural(shapeOf(schema.element))}`
  if (schema instanceof z.ZodRecord) return `mapping of names to ${plural(shapeOf(schema.valueType))}`
  if (schema instanceof z.ZodObject) return 'mapping'
  if (schema instanceof z.ZodNumber) return 'whole number'
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => code(String(value))).join(' or ')
  if (schema instanceof z.ZodEnum) return 'one of'
  return schema instanceof z.ZodBoolean ? '`true` or `false`' : 'text'
}

function allowedOf(schema: Schema): string {
  const known = shapes.get(schema)
  if (known !== undefined) return known.range === undefined || known.range === 'any' ? '' : known.range
  const inner = unwrapOnce(schema)
  if (inner !== undefined) return allowedOf(inner)
  if (schema instanceof z.ZodUnion) {
    return [...new Set((schema.options as readonly Schema[]).map(allowedOf))].filter((text) => text !== '').join('; ')
  }
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => code(String(option))).join(', ')
  if (schema instanceof z.ZodArray) return allowedOf(schema.element)
  if (schema instanceof z.ZodString && (schema.minLength ?? 0) > 1) return `${schema.minLength} characters or more`
  return ''
}

function defaultOf(schema: Schema): string {
  if (schema instanceof z.ZodOptional) return '–'
  if (!(schema instanceof z.ZodPrefault)) return 'required'
  const value: unknown = schema.def.defaultValue
  if (Array.isArray(value) && value.length === 0) return 'none'
  if (Array.isArray(value)) return value.map((one) => code(String(one))).join(', ')
  return typeof value === 'object' || value === undefined ? '–' : code(`${value as string | number | boolean}`)
}

function unwrapOnce(schema: Schema): Schema | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return schema.unwrap()
  return schema instanceof z.ZodPipe ? schema.in : undefined
}

function alternatives(one: string, other: string): string {
  return one.includes(' or ') ? `${one}, or ${other}` : `${one} or ${other}`
}

function plural(shape: string): string {
  return shape.split(' or ').map(pluralOfOne).join(' or ')
}

function pluralOfOne(shape: string): string {
  if (shape === 'text' || shape.startsWith('`')) return shape
  const [head = '', ...rest] = shape.split(' of ')
  return [`${head}${head.endsWith('s') ? 'es' : 's'}`, ...rest].join(' of ')
}
