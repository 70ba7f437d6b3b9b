import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf } from '../../../test/kit/calls.ts'
import { clientAddress } from './client-address.ts'

const of = (list: string, ...trusted: readonly string[]) =>
  clientAddress(requestOf({ headers: ['X-Forwarded-For', list] }), (address) => trusted.includes(address))

describe('clientAddress', () => {
  it("is the connection's address if no proxy is trusted", () => {
    assert.equal(of('192.0.2.1'), '192.0.2.1')
    assert.equal(of('::ffff:192.0.2.1'), '192.0.2.1')
  })

  it('is the last address before the trusted proxies, whatever the client claims', () => {
    assert.equal(of('6.6.6.6, 192.0.2.7, 10.0.0.2, 10.0.0.1', '10.0.0.1', '10.0.0.2'), '192.0.2.7')
  })

  it('is the first address if all are trusted, and unknown without a header', () => {
    assert.equal(of('10.0.0.2, 10.0.0.1', '10.0.0.1', '10.0.0.2'), '10.0.0.2')
    assert.equal(
      clientAddress(requestOf(), () => false),
      undefined,
    )
  })
})
