import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { piecesOf } from './pieces.ts'

describe('piecesOf', () => {
  it('splits a URL before its separators', () => {
    assert.deepEqual(piecesOf('GET /api/smart?timeout=650&x=1'), ['GET ', '/api', '/smart', '?timeout=650', '&x=1'])
    assert.deepEqual(piecesOf('http://a.test/b'), ['http://a.test', '/b'])
    assert.deepEqual(piecesOf(''), [])
  })

  it('loses nothing, and leaves no piece long', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const pieces = piecesOf(text)
        assert.equal(pieces.join(''), text)
        assert.ok(pieces.every(({ length }) => length > 0 && length <= 22))
      }),
    )
  })
})
