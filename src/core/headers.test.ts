import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { foldedName, headerValue, headerValues, withoutHeaders } from './headers.ts'

const headers = ['Host', 'a', 'Accept', 'b', 'ACCEPT', 'c', 'X-Empty', '', 'Accept-Encoding', 'd']

describe('headerValue', () => {
  for (const [name, value] of [
    ['host', 'a'],
    ['accept', 'b'],
    ['x-empty', ''],
    ['accept-encoding', 'd'],
    ['absent', undefined],
    ['a', undefined],
  ] as const) {
    it(`finds ${JSON.stringify(value)} as the first value of ${name}, whatever its case`, () => {
      assert.equal(headerValue(headers, name), value)
    })
  }

  it('does not mistake a value for a name', () => {
    assert.equal(headerValue(['x', 'accept', 'accept', 'y'], 'accept'), 'y')
  })
})

describe('headerValues', () => {
  it('returns every value in order', () => {
    assert.deepEqual(headerValues(headers, 'accept'), ['b', 'c'])
    assert.deepEqual(headerValues(headers, 'absent'), [])
  })
})

describe('withoutHeaders', () => {
  it('removes every field with these names and keeps the others unchanged', () => {
    assert.deepEqual(withoutHeaders(headers, new Set(['accept', 'host'])), ['X-Empty', '', 'Accept-Encoding', 'd'])
  })

  it('does not change its input', () => {
    const before = [...headers]
    withoutHeaders(headers, new Set(['accept']))
    assert.deepEqual(headers, before)
  })
})

describe('foldedName', () => {
  it('maps two spellings to one name', () => {
    for (const name of ['X-Real-IP', 'x_real_ip', 'X-REAL_IP']) assert.equal(foldedName(name), 'x-real-ip')
  })
})
