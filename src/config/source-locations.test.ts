import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { locationsIn } from './source-locations.ts'

describe('locationsIn', () => {
  it('counts from 1', () => {
    const locationOf = locationsIn('ab\n\ncd\n')
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((offset) => Object.values(locationOf(offset))),
      [
        [1, 1],
        [1, 2],
        [1, 3],
        [2, 1],
        [3, 1],
        [3, 2],
        [3, 3],
        [4, 1],
      ],
    )
  })

  it('agrees with a count of the lines before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'é', '\n', '\r\n')), fc.nat(), (parts, n) => {
        const text = parts.join('')
        const offset = n % (text.length + 1)
        const before = text.slice(0, offset).split('\n')
        assert.deepEqual(locationsIn(text)(offset), { line: before.length, column: (before.at(-1) ?? '').length + 1 })
      }),
    )
  })
})
