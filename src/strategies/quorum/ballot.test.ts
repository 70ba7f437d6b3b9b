import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ballotOf } from './ballot.ts'

function ballot(body: string | Uint8Array | undefined, ignore: readonly string[] = [], status = 200): string {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return ballotOf({ status, headers: [], body: bytes, attempt: undefined, upgraded: undefined }, ignore)
}

describe('ballotOf', () => {
  const alike: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['the same bytes', 'abc', 'abc', []],
    ['an ignored member', '{"a":1,"t":5}', '{"a":1,"t":6}', ['/t']],
    ['an ignored member that one of them lacks', '{"a":1}', '{"a":1,"t":6}', ['/t']],
    ['an ignored member deep inside', '{"a":{"b":[{"t":1},2]}}', '{"a":{"b":[{"t":9},2]}}', ['/a/b/0/t']],
    ['an ignored element of an array', '[1,2,3]', '[1,9,3]', ['/1']],
    ['several, whose places do not shift', '[1,2,3]', '[8,9,3]', ['/0', '/1']],
    ['a name with a slash', '{"a/b":1,"c":0}', '{"a/b":2,"c":0}', ['/a~1b']],
    ['a name with a tilde', '{"a~b":1,"c":0}', '{"a~b":2,"c":0}', ['/a~0b']],
    ['a name that looks escaped', '{"~1":1,"c":0}', '{"~1":2,"c":0}', ['/~01']],
    ['the empty name', '{"":1,"c":0}', '{"":2,"c":0}', ['/']],
    ['a name beyond ASCII', '{"čas":1,"c":0}', '{"čas":2,"c":0}', ['/čas']],
    ['a name that objects inherit', '{"__proto__":1,"c":0}', '{"__proto__":2,"c":0}', ['/__proto__']],
    [
      'members in another order, where some are ignored',
      '{"a":1,"b":{"c":2,"d":3}}',
      '{"b":{"d":3,"c":2},"a":1}',
      ['/t'],
    ],
    ['other blanks, where some are ignored', '{ "a" : 1 }', '{"a":1}', ['/t']],
    ['escapes of the same text, where some are ignored', '{"a":"\\u017e"}', '{"a":"ž"}', ['/t']],
  ]
  for (const [what, a, b, ignore] of alike) {
    it(`agrees on ${what}`, () => assert.equal(ballot(a, ignore), ballot(b, ignore)))
  }

  const different: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['other bytes', 'abc', 'abd', []],
    ['members in another order, where nothing is ignored', '{"a":1,"b":2}', '{"b":2,"a":1}', []],
    ['another member than the ignored', '{"a":1,"t":5}', '{"a":2,"t":5}', ['/t']],
    ['a member of the same name elsewhere', '{"a":{"t":1}}', '{"a":{"t":2}}', ['/t']],
    ['elements of an array in another order', '[1,2,3]', '[2,1,3]', ['/2']],
    ['the length of an array', '[1,2]', '[1,2,null]', ['/1']],
    ['what a pointer that goes on past a text would name', '{"a":"x"}', '{"a":"y"}', ['/a/0']],
    ['an array index with a leading zero, which names nothing', '[1,2]', '[1,3]', ['/01']],
    ['the type of a value', '{"a":1}', '{"a":"1"}', ['/t']],
    ['text that is not JSON', 'abc', 'abd', ['/t']],
  ]
  for (const [what, a, b, ignore] of different) {
    it(`keeps apart ${what}`, () => assert.notEqual(ballot(a, ignore), ballot(b, ignore)))
  }

  it('keeps apart the same body with another status', () => {
    assert.notEqual(ballot('{}', [], 200), ballot('{}', [], 201))
    assert.notEqual(ballot('{}', ['/t'], 200), ballot('{}', ['/t'], 201))
  })

  it('takes no body for an empty one', () => {
    assert.equal(ballot(undefined), ballot(''))
    assert.equal(ballot(undefined, ['/t']), ballot('', ['/t']))
  })

  it('compares every byte of what is no text', () => {
    const bytes = fc.uint8Array({ maxLength: 8 })
    fc.assert(
      fc.property(bytes, bytes, fc.constantFrom<readonly string[]>([], ['/t']), (a, b, ignore) => {
        const same = Buffer.from(a).equals(b)
        // Two that are JSON may be the same value in other words.
        if (same || ignore.length === 0 || !isJson(a)) assert.equal(ballot(a, ignore) === ballot(b, ignore), same)
      }),
      { examples: [[Uint8Array.of(0x22, 0xe9, 0x22), Uint8Array.of(0x22, 0xc3, 0xa9, 0x22), ['/t']]] },
    )
  })

  it('does not break on JSON nested deeper than the stack', () => {
    const deep = (inner: string) => '['.repeat(200_000) + inner + ']'.repeat(200_000)
    assert.equal(ballot(deep('1'), ['/t']), ballot(deep('1'), ['/t']))
    assert.notEqual(ballot(deep('1'), ['/t']), ballot(deep('2'), ['/t']))
  })

  it('agrees on any JSON with the ignored member changed, and on nothing else changed', () => {
    const members = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e~f', 'ž'), fc.jsonValue(), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(members, fc.jsonValue(), fc.jsonValue(), (value, one, other) => {
        const write = (t: unknown, rest: object = value) => JSON.stringify({ ...rest, 'time/s': t })
        assert.equal(ballot(write(one), ['/time~1s']), ballot(write(other), ['/time~1s']))
        const changed = { ...value, a: [value['a']] }
        assert.notEqual(ballot(write(one), ['/time~1s']), ballot(write(one, changed), ['/time~1s']))
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
  it('differ where they are written differently, beyond what a double can tell apart', () => {
    const ballot = (body: string): string =>
      ballotOf({ status: 200, headers: [], body: Buffer.from(body), attempt: undefined, upgraded: undefined }, ['/at'])
    assert.notEqual(ballot('{"b":9007199254740993}'), ballot('{"b":9007199254740992}'))
    assert.notEqual(ballot('{"b":1e400}'), ballot('{"b":null}'))
    assert.equal(ballot('{"b":12,"at":1}'), ballot('{"at":2,"b":12}'))
  })
})
