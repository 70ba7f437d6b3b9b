import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOfAnswer, failureOfEnd } from './errors.ts'

function errorOf(code: string): Error {
  return Object.assign(new Error('broken'), { code })
}

const unsent = { sent: false, answered: false, targetName: 'a' }
const sent = { sent: true, answered: false, targetName: 'a' }
const answered = { sent: true, answered: true, targetName: 'a' }

describe('failureOfEnd', () => {
  it('allows a safe retry only if nothing was sent', () => {
    const refused = failureOfEnd(errorOf('ECONNREFUSED'), unsent)
    assert.deepEqual(
      [refused.code, refused.retry, refused.detail],
      ['UPSTREAM_REFUSED', 'safe', 'a: connection refused'],
    )
    const reset = failureOfEnd(errorOf('ECONNRESET'), sent)
    assert.deepEqual(
      [reset.code, reset.retry, reset.detail],
      ['UPSTREAM_RESET', 'unsafe', 'a: connection reset before its answer'],
    )
  })

  it('describes failures without addresses', () => {
    const details = [
      failureOfEnd('CONNECT_TIMEOUT', unsent),
      failureOfEnd(new AggregateError([errorOf('EHOSTUNREACH'), errorOf('ECONNREFUSED')]), unsent),
      failureOfEnd(errorOf('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), unsent),
      failureOfEnd(errorOf('EMFILE'), unsent),
      failureOfEnd(new Error('http://10.0.0.1'), unsent),
      failureOfEnd('CLOSED_TOO_SOON', answered),
      failureOfEnd('SILENT', answered),
      failureOfAnswer('no status line', 'a'),
      failureOfAnswer('header too large', 'a'),
    ].map(({ detail }) => detail)
    assert.deepEqual(details, [
      'a: connection timed out',
      'a: host unreachable',
      "a: TLS failed: the certificate's issuer is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
      'The gateway has no free file descriptor (EMFILE)',
      'a: connection failed',
      'a: connection closed before the body was complete',
      'a: silent for longer than idleTimeout',
      'a: not a valid HTTP response',
      'a: header too large',
    ])
  })

  it('returns UPSTREAM_TLS without retry for every failed handshake', () => {
    const codes = [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_HAS_EXPIRED',
      'HOSTNAME_MISMATCH',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
      'ERR_SSL_A_CODE_OF_A_LATER_OPENSSL',
      'EPROTO',
    ]
    for (const code of codes) {
      const { code: ours, retry, detail } = failureOfEnd(errorOf(code), unsent)
      assert.deepEqual([ours, retry], ['UPSTREAM_TLS', 'no'], code)
      assert.match(detail, /^a: TLS failed: [a-z].* \([A-Z/_0-9]+\)$/)
    }
  })

  it('returns UPSTREAM_TLS if the target asks for a client certificate after the handshake', () => {
    const { code } = failureOfEnd(errorOf('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), sent)
    assert.equal(code, 'UPSTREAM_TLS')
  })

  it('returns a reset if TLS fails during an exchange', () => {
    const { code, retry, detail } = failureOfEnd(errorOf('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'), answered)
    assert.deepEqual([code, retry], ['UPSTREAM_RESET', 'unsafe'])
    assert.match(detail, /^a: TLS failed: .* inside its answer$/)
  })

  it('blames the gateway if it lacks descriptors, ports or memory', () => {
    for (const code of ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']) {
      for (const wire of [unsent, sent]) {
        const { code: ours, source, retry, detail } = failureOfEnd(errorOf(code), wire)
        assert.deepEqual([ours, source, retry], ['GATEWAY_EXHAUSTED', 'gateway', 'no'], code)
        assert.doesNotMatch(detail, /^a:/)
      }
    }
  })

  it('uses the error of the other address if the machine lacks one address family', () => {
    const both = new AggregateError([errorOf('EADDRNOTAVAIL'), errorOf('ECONNREFUSED')])
    assert.equal(failureOfEnd(both, unsent).detail, 'a: connection refused')
  })
})
