import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FormField } from './form-field.ts'

function valueIn(form: string, name: string, bytesAtOnce = 1000): string | undefined {
  const field = new FormField(Buffer.from(form), name)
  while (!field.read(bytesAtOnce));
  return field.value
}

describe('FormField', () => {
  it('finds the same value as URLSearchParams, whole or in pieces', () => {
    const piece = fc.constantFrom('a', 'b', '=', '&', '%61', '%', '+', '%2B', 'ž', '%C5%BE', ' ', '?', '%zz', '%ff')
    const forms = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
    const names = fc.constantFrom('a', 'ab', 'ž', '', 'a b', '?', '+', '?a', 'aa')
    fc.assert(
      fc.property(forms, names, fc.integer({ min: 1, max: 5 }), (form, name, bytesAtOnce) => {
        const expected = new URLSearchParams(form).get(name) ?? undefined
        assert.equal(valueIn(form, name, bytesAtOnce), expected)
      }),
      { numRuns: 5000 },
    )
  })
})
