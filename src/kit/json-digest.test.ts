import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jsonTexts } from '../../test/kit/json-texts.ts'
import { JsonDigest } from './json-digest.ts'
import { JsonParts } from './json-parts.ts'
import { JsonScanner } from './json-scanner.ts'

function digestOf(text: string, ignore: readonly string[] = []): JsonDigest {
  const bytes = Buffer.from(text)
  const digest = new JsonDigest(bytes, JsonParts.of(ignore))
  assert.equal(new JsonScanner(bytes, digest).scan(bytes.length), 'valid')
  return digest
}

/** Canonical string of a value: as JSON.parse reads it, but with numbers as written. */
function canonical(text: string, ignore: readonly (readonly string[])[]): string {
  const root = { value: JSON.parse(text, asWritten) as unknown }
  for (const pointer of ignore) remove(root.value, pointer)
  return JSON.stringify(root.value, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    // Pairs, as an object would move names such as "1" to the front.
    return { members: Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) }
  })
}

function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? { number: context?.source } : value
}

function remove(root: unknown, pointer: readonly string[]): void {
  let holder = root
  for (const token of pointer.slice(0, -1)) {
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, token)) return
    holder = Reflect.get(holder, token)
  }
  const last = pointer.at(-1) ?? ''
  if (Array.isArray(holder)) {
    if (last !== 'length' && Object.hasOwn(holder, last)) holder[Number(last)] = null
  } else if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, last)
}

const token = fc.constantFrom('a', 'b', '', 'ž', '0', '1', 'a/b', 'x~y')
const pointers = fc.array(fc.array(token, { minLength: 1, maxLength: 3 }), { maxLength: 3 })

function written(pointer: readonly string[]): string {
  return pointer.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

describe('JsonDigest', () => {
  it('is equal if and only if JSON.parse yields equal values except for ignored parts', () => {
    const compared = { same: 0, different: 0 }
    const pairs = jsonTexts.chain((text) => fc.tuple(fc.constant(text), fc.oneof(jsonTexts, rewritten(text))))
    fc.assert(
      fc.property(pairs, pointers, ([one, other], ignore) => {
        const digests = [one, other].map((text) => digestOf(text, ignore.map(written)))
        // A repeated name has no single value.
        if (digests.some(({ hasRepeatedName }) => hasRepeatedName)) return
        const isSame = canonical(one, ignore) === canonical(other, ignore)
        compared[isSame ? 'same' : 'different']++
        assert.equal(digests[0]?.result() === digests[1]?.result(), isSame)
      }),
      { numRuns: 5000 },
    )
    assert.ok(compared.same > 500 && compared.different > 500, JSON.stringify(compared))
  })

  it('detects a name repeated in one object, however it is escaped', () => {
    for (const text of ['{"a":1,"a":1}', '{"x":[{"a":1,"b":2,"\\u0061":1}]}', '{"":1,"":2}']) {
      assert.equal(digestOf(text).hasRepeatedName, true)
    }
    for (const text of ['[{"a":1},{"a":1}]', '{"a":{"a":{"a":1}},"b":{"a":1}}']) {
      assert.equal(digestOf(text).hasRepeatedName, false)
    }
  })

  it('distinguishes texts that differ in a few bytes or only in form', () => {
    const texts = [
      '1 "1" 1.0 10 -1 null "null" true false "" [] {} [[]] [{}] {"":1} [1,2] [[1],2] [1,[2]] [12] ["1,2"] {"a":[1,2]}',
      '{"a":1} {"a":1,"b":1} {"a":{"b":1}} "\\ud800" "\\udc00" "\\ufffd" "a" "aaaa" "aaaaa" {"a":"b"} {"ab":""}',
      '{"a":[],"b":{}} {"a":1,"b":2} {"a":2,"b":1} {"1":2} {"2":1} [null] [null,null]',
      `"${'x'.repeat(600)}" "${'x'.repeat(601)}" "${'x'.repeat(599)}y" {"${'x'.repeat(600)}":1} {"a":"${'x'.repeat(600)}"}`,
    ].flatMap((line) => line.split(' '))
    const digests = new Map(texts.map((text) => [digestOf(text).result(), text]))
    assert.equal(digests.size, texts.length)
  })

  it('is the same for 200,000 members in any order', () => {
    const members = Array.from({ length: 200_000 }, (_, i) => `"member ${i}":${i}`)
    const [one, other] = [members, members.toReversed()].map((list) => digestOf(`{${list.join(',')}}`))
    assert.equal(one?.result(), other?.result())
    assert.equal(one?.hasRepeatedName, false)
    assert.equal(digestOf(`{${[...members, '"member 99999":1'].join(',')}}`).hasRepeatedName, true)
  })
})

/** The same value written differently: members reordered, escapes resolved. */
function rewritten(text: string): fc.Arbitrary<string> {
  return fc.constant(
    JSON.stringify(JSON.parse(text, asRaw), (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || raw.isRawJSON(value)) return value
      return Object.fromEntries(Object.entries(value).reverse())
    }),
  )
}

/** TypeScript does not know them yet. */
const raw = JSON as typeof JSON & { rawJSON(text: string): unknown; isRawJSON(value: unknown): boolean }

function asRaw(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? raw.rawJSON(context.source) : value
}
