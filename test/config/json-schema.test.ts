import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { configJsonSchema } from '../../src/config/json-schema.ts'

const schema = configJsonSchema()
const validator = z.fromJSONSchema(schema)
const accepts = (value: unknown): boolean => validator.safeParse(value).success

const route = (options: object): object => ({ routes: [{ match: 'GET /', ...options }] })

describe('configJsonSchema', () => {
  it('has an id and a title', () => {
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
    assert.equal(schema.$id, 'urn:hedgerow:configuration')
    assert.equal(schema.title, 'Hedgerow configuration')
  })

  it('is JSON', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema)
  })

  const folder = join(import.meta.dirname, '../../examples')
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    // An editor sees the placeholders themselves.
    it(`accepts the example ${file}`, () => assert.ok(accepts(parse(readFileSync(join(folder, file), 'utf8')))))
  }

  it('rejects unknown keys, wrong types and formats', () => {
    assert.ok(accepts({ listen: { port: 8080 } }))
    assert.ok(!accepts({ lsten: { port: 8080 } }))
    assert.ok(!accepts({ listen: { port: 'x' } }))
    assert.ok(!accepts({ listen: { port: 70_000 } }))
    assert.ok(!accepts({ drain: '30' }))
    assert.ok(!accepts({ upstreams: { work: {} } }))
  })

  it('accepts placeholders for values of any format', () => {
    assert.ok(accepts({ listen: { port: '${PORT}' }, drain: '${DRAIN:-5s}', index: '${INDEX}' }))
    assert.ok(accepts(route({ hedge: { upstream: 'u', after: '${AFTER}', extra: '${EXTRA}' } })))
  })

  it('requires exactly one strategy', () => {
    assert.ok(accepts(route({ forward: { upstream: 'u' } })))
    assert.ok(!accepts(route({})))
    assert.ok(!accepts(route({ forward: { upstream: 'u' }, first: { upstream: 'u' } })))
  })

  it('describes every option', () => {
    const missing: string[] = []
    const visit = (at: z.core.JSONSchema.BaseSchema, path: string): void => {
      for (const form of at.anyOf ?? []) visit(form, path)
      if (typeof at.additionalProperties === 'object') visit(at.additionalProperties, `${path}.*`)
      if (typeof at.items === 'object' && !Array.isArray(at.items)) visit(at.items, `${path}[]`)
      for (const [name, member] of Object.entries(at.properties ?? {})) {
        if (typeof member === 'object' && member.description === undefined) missing.push(`${path}.${name}`)
        visit(member as z.core.JSONSchema.BaseSchema, `${path}.${name}`)
      }
    }
    visit(schema, '')
    assert.deepEqual(missing, [])
  })
})
