import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controlCharactersIn } from '../../../test/kit/control-characters.ts'
import { jsonString, visible } from './visible.ts'

const hostile = 'a"b\\c\nd\r\u001b[31m\u0000\u007f\u009b\u2028\u202e\ud800z\u00e4\u{1f600}'

describe('jsonString', () => {
  it('is JSON of the same text, on one line and without control characters', () => {
    const text = jsonString(hostile)
    assert.equal(JSON.parse(text), hostile)
    assert.deepEqual(controlCharactersIn(text), [])
    assert.match(text, /\u00e4/)
  })

  it('is JSON of every character', () => {
    for (let code = 0; code < 0x3000; code++) {
      const sign = String.fromCharCode(code)
      assert.equal(JSON.parse(jsonString(sign)), sign)
    }
  })
})

describe('visible', () => {
  it('escapes terminal control characters', () => {
    assert.equal(visible('a\u001b[31m\n\u009b\u202eb'), 'a\\u001b[31m\\u000a\\u009b\\u202eb')
  })
})
