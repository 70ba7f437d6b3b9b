import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jsonTexts, nearlyJson, parsed } from '../../test/kit/json-texts.ts'
import { JsonScanner } from './json-scanner.ts'
import { JsonValueFinder } from './json-value-finder.ts'

function foundIn(text: string, pointer: string[]): JsonValueFinder {
  const bytes = Buffer.from(text)
  const finder = new JsonValueFinder(bytes, pointer)
  new JsonScanner(bytes, finder).scan(bytes.length)
  return finder
}

function textAt(text: string, pointer: string[]): string | undefined {
  const { value } = foundIn(text, pointer)
  return value && Buffer.from(text).toString('utf8', value.start, value.end)
}

/** The value that JSON.parse yields at the pointer. */
function valueAt(root: unknown, pointer: readonly string[]): unknown {
  let value = root
  for (const token of pointer) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined
    if (Array.isArray(value) && token === 'length') return undefined
    value = Reflect.get(value, token)
  }
  return value
}

const token = fc.constantFrom('a', 'b', '', 'ž', '0', '1', '2', '01', '__proto__', 'a/b', 'x~y', 'length')
const pointers = fc.array(token, { minLength: 1, maxLength: 3 })

describe('JsonValueFinder', () => {
  it('finds the same value at the pointer as JSON.parse, or none', () => {
    fc.assert(
      fc.property(fc.oneof(jsonTexts, nearlyJson), pointers, (text, pointer) => {
        // As UTF-8 has it: a lone surrogate outside an escape becomes a replacement character.
        const whole = parsed(Buffer.from(text).toString())
        if (whole === undefined) return
        const expected = valueAt(whole.value, pointer)
        const found = textAt(text, pointer)
        assert.equal(found && JSON.stringify(JSON.parse(found)), JSON.stringify(expected))
      }),
      { numRuns: 5000 },
    )
  })

  it('finds the closing brace of the object that has or would have the member', () => {
    fc.assert(
      fc.property(jsonTexts, pointers, (text, pointer) => {
        const holder = valueAt(JSON.parse(text), pointer.slice(0, -1))
        const { holderEnd, holderIsEmpty } = foundIn(text, pointer)
        const isObject = typeof holder === 'object' && holder !== null && !Array.isArray(holder)
        assert.equal(holderEnd !== undefined, isObject)
        if (holderEnd === undefined) return
        assert.equal(Buffer.from(text)[holderEnd], 0x7d)
        if (isObject) assert.equal(holderIsEmpty, Object.keys(holder).length === 0)
      }),
      { numRuns: 3000 },
    )
  })

  it('uses the last of several members with one name, like JSON.parse, and reports the ambiguity', () => {
    for (const [text, found] of [
      ['{"a":{"b":1,"b":2}}', '2'],
      ['{"a":{"b":1,"\\u0062":2}}', '2'],
      ['{"a":{"b":1},"a":{}}', undefined],
      ['{"a":{"b":1},"a":0}', undefined],
      ['{"a":0,"a":{"b":1}}', '1'],
    ] as const) {
      assert.equal(textAt(text, ['a', 'b']), found)
      assert.equal(foundIn(text, ['a', 'b']).isAmbiguous, true)
    }
    for (const text of ['{"a":{"b":1},"c":1,"c":1}', '{"a":{"b":{"a":1,"a":1}}}', '[{"a":1},{"a":1}]']) {
      assert.equal(foundIn(text, ['a', 'b']).isAmbiguous, false)
    }
  })

  it('skips an escaped name that is too long to match', () => {
    const long = `"\\u0061${'a'.repeat(100_000)}"`
    assert.equal(textAt(`{${long}:1,"\\u0061":2}`, ['a']), '2')
  })
})
