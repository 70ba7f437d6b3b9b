import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FailureCode, failure, failureCodes } from './failure.ts'

const codes = Object.keys(failureCodes) as FailureCode[]

describe('failure', () => {
  it('takes source and retry verdict from the catalogue', () => {
    for (const code of codes) {
      const made = failure(code, 'why')
      assert.deepEqual(
        [made.code, made.source, made.retry, made.detail],
        [code, failureCodes[code].source, failureCodes[code].retry, 'why'],
      )
    }
  })

  it('lets a caller override the verdict, but not the source', () => {
    const made = failure('UPSTREAM_RESET', 'why', { retry: 'safe', upstreamStatus: 502, retryAfterMs: 10 })
    assert.deepEqual([made.source, made.retry, made.upstreamStatus, made.retryAfterMs], ['upstream', 'safe', 502, 10])
  })

  it('calls a repeat safe only if no target can have seen the request', () => {
    const safe = codes.filter((code) => failureCodes[code].source === 'upstream' && failureCodes[code].retry === 'safe')
    assert.deepEqual(safe, ['UPSTREAM_REFUSED'])
  })

  it('never allows a repeat of a client error', () => {
    const verdicts = codes
      .filter((code) => failureCodes[code].source === 'client')
      .map((code) => failureCodes[code].retry)
    assert.deepEqual(new Set(verdicts), new Set(['no']))
  })
})
