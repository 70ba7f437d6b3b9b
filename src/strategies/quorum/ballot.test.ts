import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../../../test/kit/calls.ts'
import { given } from '../../../test/kit/results.ts'
import { failure } from '../../core/failure.ts'
import { ownResponse } from '../../core/response.ts'
import { JsonParts } from '../../kit/json-parts.ts'
import { Scope } from '../../kit/scope.ts'
import { ballotOf } from './ballot.ts'

async function ballot(
  body: string | Uint8Array | undefined,
  ignore: readonly string[] = [],
  status = 200,
): Promise<string> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const ignored = ignore.length === 0 ? undefined : JsonParts.of(ignore)
  const made = await ballotOf(ownResponse(status, [], bytes), ignored, new Scope())
  return given(made)
}

describe('ballotOf', () => {
  const alike: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['the same bytes', 'abc', 'abc', []],
    ['an ignored member', '{"a":1,"t":5}', '{"a":1,"t":6}', ['/t']],
    ['an ignored member that one of them lacks', '{"a":1}', '{"a":1,"t":6}', ['/t']],
    ['an ignored member deep inside', '{"a":{"b":[{"t":1},2]}}', '{"a":{"b":[{"t":9},2]}}', ['/a/b/0/t']],
    ['an ignored element of an array', '[1,2,3]', '[1,9,3]', ['/1']],
    ['several ignored elements, whose indexes do not shift', '[1,2,3]', '[8,9,3]', ['/0', '/1']],
    ['a name with a slash', '{"a/b":1,"c":0}', '{"a/b":2,"c":0}', ['/a~1b']],
    ['a name with a tilde', '{"a~b":1,"c":0}', '{"a~b":2,"c":0}', ['/a~0b']],
    ['a name that looks escaped', '{"~1":1,"c":0}', '{"~1":2,"c":0}', ['/~01']],
    ['the empty name', '{"":1,"c":0}', '{"":2,"c":0}', ['/']],
    ['a name beyond ASCII', '{"čas":1,"c":0}', '{"čas":2,"c":0}', ['/čas']],
    ['a name that objects inherit', '{"__proto__":1,"c":0}', '{"__proto__":2,"c":0}', ['/__proto__']],
    ['members in another order, if some are ignored', '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}', ['/t']],
    ['other whitespace, if some members are ignored', '{ "a" : 1 }', '{"a":1}', ['/t']],
    ['escapes of the same text, if some members are ignored', '{"a":"\\u017e"}', '{"a":"ž"}', ['/t']],
  ]
  for (const [what, a, b, ignore] of alike) {
    it(`agrees on ${what}`, async () => assert.equal(await ballot(a, ignore), await ballot(b, ignore)))
  }

  const different: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['other bytes', 'abc', 'abd', []],
    ['members in another order, if nothing is ignored', '{"a":1,"b":2}', '{"b":2,"a":1}', []],
    ['a member that is not ignored', '{"a":1,"t":5}', '{"a":2,"t":5}', ['/t']],
    ['a member of the same name elsewhere', '{"a":{"t":1}}', '{"a":{"t":2}}', ['/t']],
    ['elements of an array in another order', '[1,2,3]', '[2,1,3]', ['/2']],
    ['the length of an array', '[1,2]', '[1,2,null]', ['/1']],
    ['a string that a pointer continues past', '{"a":"x"}', '{"a":"y"}', ['/a/0']],
    ['an array index with a leading zero, which names nothing', '[1,2]', '[1,3]', ['/01']],
    ['the type of a value', '{"a":1}', '{"a":"1"}', ['/t']],
    ['text that is not JSON', 'abc', 'abd', ['/t']],
  ]
  for (const [what, a, b, ignore] of different) {
    it(`distinguishes ${what}`, async () => assert.notEqual(await ballot(a, ignore), await ballot(b, ignore)))
  }

  it('distinguishes the same body with another status', async () => {
    assert.notEqual(await ballot('{}', [], 200), await ballot('{}', [], 201))
    assert.notEqual(await ballot('{}', ['/t'], 200), await ballot('{}', ['/t'], 201))
  })

  it('treats a missing body as an empty one', async () => {
    assert.equal(await ballot(undefined), await ballot(''))
    assert.equal(await ballot(undefined, ['/t']), await ballot('', ['/t']))
  })

  it('compares every byte of a body that is not text', async () => {
    const bytes = fc.uint8Array({ maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.constantFrom<readonly string[]>([], ['/t']), async (a, b, ignore) => {
        const same = Buffer.from(a).equals(b)
        // Two JSON texts may be the same value, written differently.
        if (same || ignore.length === 0 || !isJson(a)) {
          assert.equal((await ballot(a, ignore)) === (await ballot(b, ignore)), same)
        }
      }),
      { examples: [[Uint8Array.of(0x22, 0xe9, 0x22), Uint8Array.of(0x22, 0xc3, 0xa9, 0x22), ['/t']]] },
    )
  })

  it('survives JSON nested deeper than the stack', async () => {
    const deep = (inner: string) => '['.repeat(200_000) + inner + ']'.repeat(200_000)
    assert.equal(await ballot(deep('1'), ['/t']), await ballot(deep('1'), ['/t']))
    assert.notEqual(await ballot(deep('1'), ['/t']), await ballot(deep('2'), ['/t']))
  })

  it('agrees on any JSON if only the ignored member differs', async () => {
    const members = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e~f', 'ž'), fc.jsonValue(), {
      noNullPrototype: true,
    })
    await fc.assert(
      fc.asyncProperty(members, fc.jsonValue(), fc.jsonValue(), async (value, one, other) => {
        const write = (t: unknown, rest: object = value) => JSON.stringify({ ...rest, 'time/s': t })
        assert.equal(await ballot(write(one), ['/time~1s']), await ballot(write(other), ['/time~1s']))
        const changed = { ...value, a: [value['a']] }
        assert.notEqual(await ballot(write(one), ['/time~1s']), await ballot(write(one, changed), ['/time~1s']))
      }),
    )
  })
})

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString('latin1'))
    return true
  } catch {
    return false
  }
}

describe('numbers in a ballot', () => {
  it('differ if written differently, even beyond the precision of a double', async () => {
    const without = (body: string) => ballot(body, ['/at'])
    assert.notEqual(await without('{"b":9007199254740993}'), await without('{"b":9007199254740992}'))
    assert.notEqual(await without('{"b":1e400}'), await without('{"b":null}'))
    assert.notEqual(await without('{"b":1}'), await without('{"b":"number 1"}'))
    assert.equal(await without('{"b":12,"at":1}'), await without('{"at":2,"b":12}'))
  })
})

describe('a ballot of a large answer', () => {
  const large = (last: string, time: number) => `{"time":${time},"list":[${'1,'.repeat(200_000)}${last}]}`

  it('covers all of it', async () => {
    assert.equal(await ballot(large('1', 1), ['/time']), await ballot(large('1', 2), ['/time']))
    assert.notEqual(await ballot(large('1', 1), ['/time']), await ballot(large('2', 1), ['/time']))
    assert.notEqual(await ballot(large('1', 1)), await ballot(large('2', 1)))
  })

  it('is given up at once when its scope is aborted', async () => {
    for (const ignored of [JsonParts.of(['/time']), undefined]) {
      const scope = new Scope()
      const made = ballotOf(ownResponse(200, [], Buffer.from(large('1', 1))), ignored, scope)
      const reason = failure('DEADLINE', 'too late')
      scope.onAbort(reason)
      assert.equal(failureOf(await made), reason)
    }
  })

  it('compares bytes if a name is duplicate, as its value depends on the parser', async () => {
    assert.notEqual(await ballot('{"a":1,"a":2}', ['/t']), await ballot('{"a":2,"a":1}', ['/t']))
    assert.equal(await ballot('{"a":1,"a":2}', ['/t']), await ballot('{"a":1,"a":2}', ['/t']))
  })
})
