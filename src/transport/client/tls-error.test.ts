import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tlsErrorOf } from './tls-error.ts'

describe('tlsErrorOf', () => {
  it('recommends NODE_EXTRA_CA_CERTS for every untrusted issuer', () => {
    const codes = [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ]
    for (const code of codes) assert.match(tlsErrorOf(code)?.remedy ?? '', /NODE_EXTRA_CA_CERTS/, code)
  })

  it('tells certificate errors from handshake errors for unknown codes', () => {
    assert.equal(tlsErrorOf('UNABLE_TO_DO_SOMETHING_NEW')?.reason, 'the certificate is not accepted')
    assert.equal(tlsErrorOf('ERR_SSL_TLSV1_ALERT_SOMETHING_NEW')?.reason, 'the handshake failed')
  })

  it('returns undefined for the codes of plain connections', () => {
    for (const code of ['', 'ECONNRESET', 'CLOSED', 'CONNECT_TIMEOUT', 'ENOTFOUND', 'EMFILE']) {
      assert.equal(tlsErrorOf(code), undefined, code)
    }
  })
})
