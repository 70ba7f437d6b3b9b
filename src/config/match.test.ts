import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { matchPattern, matchText } from './match.ts'

describe('matchPattern', () => {
  it('accepts methods and a path', () => {
    assert.deepEqual(matchPattern.parse('GET /api/:id'), { methods: ['GET'], path: '/api/:id' })
    assert.deepEqual(matchPattern.parse('GET,POST /files/*'), { methods: ['GET', 'POST'], path: '/files/*' })
    assert.deepEqual(matchPattern.parse('/any'), { methods: undefined, path: '/any' })
    assert.deepEqual(matchPattern.parse('M-SEARCH /x'), { methods: ['M-SEARCH'], path: '/x' })
  })

  it('formats back to the same text', () => {
    for (const text of ['GET /api/:id', 'GET,POST /files/*', '/any']) {
      assert.equal(matchText(matchPattern.parse(text)), text)
    }
  })

  const refused = [
    'get /a',
    'FETCH /a',
    'CONNECT /a',
    'GET,GET /a',
    'GET  /a',
    'GET',
    'a',
    '/a b',
    '/a?b',
    '/a#b',
    '/*/a',
    '/a/:',
    '/a/:1',
    '/a/:id.json',
    '/a:b',
    '/:id/:id',
    5,
    undefined,
  ]
  for (const text of refused) {
    it(`rejects ${JSON.stringify(text)}`, () => assert.equal(matchPattern.safeParse(text).success, false))
  }
})
