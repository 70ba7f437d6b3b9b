import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isIdempotent, isSafe } from './request.ts'

describe('methods', () => {
  for (const [method, safe, idempotent] of [
    ['GET', true, true],
    ['HEAD', true, true],
    ['OPTIONS', true, true],
    ['TRACE', true, true],
    ['PUT', false, true],
    ['DELETE', false, true],
    ['POST', false, false],
    ['PATCH', false, false],
    ['CONNECT', false, false],
    ['get', false, false],
  ] as const) {
    it(`${method} is ${safe ? '' : 'not '}safe and ${idempotent ? '' : 'not '}idempotent`, () => {
      assert.deepEqual([isSafe(method), isIdempotent(method)], [safe, idempotent])
    })
  }
})
