import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { count, type ViewOf } from './view-schema.ts'

const schema = z.strictObject({
  always: z.string(),
  orUndefined: count.optional(),
  orLeftOut: count.exactOptional(),
  outcomes: z.partialRecord(z.enum(['good', 'bad']), count),
  routes: z.record(z.string(), z.strictObject({ p50Ms: z.number().optional() })),
  list: z.array(z.strictObject({ why: z.enum(['a', 'b']) })),
})

interface Expected {
  readonly always: string
  readonly orUndefined: number | undefined
  readonly orLeftOut?: number
  readonly outcomes: { readonly good?: number; readonly bad?: number }
  readonly routes: { readonly [name: string]: { readonly p50Ms: number | undefined } }
  readonly list: readonly { readonly why: 'a' | 'b' }[]
}

type Viewed = ViewOf<typeof schema>
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type CanBeLeftOut<Key extends keyof Viewed> = object extends Pick<Viewed, Key> ? true : false

describe('ViewOf', () => {
  // The compiler is the test.
  it('has the fields of the schema, and lists that are read-only', () => {
    const isSame: Same<Viewed, Expected> = true
    const isOther: Same<Viewed, Expected & { readonly more: string }> = false
    const isWritable: Viewed['list'] extends unknown[] ? true : false = false
    assert.deepEqual([isSame, isOther, isWritable], [true, false, false])
  })

  it('wants a field that may be undefined to be written out', () => {
    const optional: CanBeLeftOut<'orUndefined'> = false
    const exactOptional: CanBeLeftOut<'orLeftOut'> = true
    assert.deepEqual([optional, exactOptional], [false, true])
  })

  it('describes data that the schema accepts once it is JSON', () => {
    const view: Viewed = {
      always: 'a',
      orUndefined: undefined,
      outcomes: { good: 1 },
      routes: { 'GET /a': { p50Ms: undefined } },
      list: [{ why: 'b' }],
    }
    assert.equal(schema.safeParse(JSON.parse(JSON.stringify(view))).success, true)
  })
})
