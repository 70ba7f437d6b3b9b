import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOfAnswer, failureOfEnd } from './errors.ts'

function errorOf(code: string): Error {
  return Object.assign(new Error('broken'), { code })
}

const unsent = { sent: false, answered: false, targetName: 'a' }
const sent = { sent: true, answered: false, targetName: 'a' }
const answered = { sent: true, answered: true, targetName: 'a' }

describe('what became of a connection', () => {
  it('is safe to repeat only while nothing was sent', () => {
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

  it('is told in words that name no address', () => {
    const details = [
      failureOfEnd('CONNECT_TIMEOUT', unsent),
      failureOfEnd(new AggregateError([errorOf('EHOSTUNREACH'), errorOf('ECONNREFUSED')]), unsent),
      failureOfEnd(errorOf('DEPTH_ZERO_SELF_SIGNED_CERT'), unsent),
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
      'a: TLS failed (DEPTH_ZERO_SELF_SIGNED_CERT)',
      'a: EMFILE',
      'a: connection failed',
      'a: connection closed before the body was whole',
      'a: silent for longer than idleTimeout',
      'a: no valid HTTP response',
      'a: header too large',
    ])
  })
})
