import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hmacSha256 } from './hmac.ts'

describe('HMAC-SHA256', () => {
  it('matches the test vectors of RFC 4231', () => {
    const hex = (code: string): string => Buffer.from(code, 'base64url').toString('hex')
    assert.equal(
      hex(hmacSha256('Jefe')('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  it('matches OpenSSL for every key and successive texts of any length', () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 2000 })), { minLength: 1 })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), texts, (secret, all) => {
        const hmac = hmacSha256(secret)
        for (const text of all) {
          assert.equal(hmac(text), createHmac('sha256', secret).update(text).digest('base64url'))
        }
      }),
      { numRuns: 500 },
    )
  })
})
