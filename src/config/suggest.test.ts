import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { editDistance, suggest } from './suggest.ts'

describe('editDistance', () => {
  const known: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['hegde', 'hedge', 1],
    ['aftr', 'after', 1],
    ['ca', 'abc', 3],
  ]
  for (const [a, b, distance] of known) {
    it(`is ${distance} from "${a}" to "${b}"`, () => assert.equal(editDistance(a, b), distance))
  }

  const word = fc.string({ maxLength: 12 })

  it('is symmetric, zero only for equal texts, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b)
        assert.equal(distance, editDistance(b, a))
        assert.equal(distance === 0, a === b)
        assert.ok(distance <= Math.max(a.length, b.length) && distance >= Math.abs(a.length - b.length))
      }),
    )
  })
})

describe('suggest', () => {
  const names = ['after', 'attemptTimeout', 'first', 'of', 'path', 'upstream', 'upstreams']

  it('finds the nearest name', () => {
    assert.equal(suggest('aftr', names), 'after')
    assert.equal(suggest('upstrem', names), 'upstream')
    assert.equal(suggest('upstreems', names), 'upstreams')
  })

  it('ignores case and separators', () => {
    assert.equal(suggest('attempt_timeout', names), 'attemptTimeout')
    assert.equal(suggest('attempt-timeout', names), 'attemptTimeout')
    assert.equal(suggest('Path', names), 'path')
  })

  it('suggests nothing when nothing is near', () => {
    assert.equal(suggest('retry', names), undefined)
    assert.equal(suggest('timeout', names), undefined)
    assert.equal(suggest('', names), undefined)
    assert.equal(suggest('a', []), undefined)
    assert.equal(suggest('x'.repeat(100_000), names), undefined)
  })

  it('only ever suggests one of the names', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (found, some) => {
        const suggestion = suggest(found, some)
        assert.ok(suggestion === undefined || some.includes(suggestion))
      }),
    )
  })
})
