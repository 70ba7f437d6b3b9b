import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attempt, call, callbackCall } from '../../../test/browser/fake-data.ts'
import { waitOf } from './wait.ts'

describe('the wait of a callback call', () => {
  it('lasts from the end of the acknowledged attempt to the end of the call', () => {
    assert.deepEqual(waitOf(callbackCall), { fromMs: 1, toMs: 5000, text: 'none came within 4999 ms' })
    assert.deepEqual(waitOf({ ...callbackCall, status: 200, failure: undefined, durationMs: 801 }), {
      fromMs: 1,
      toMs: 801,
      text: '800 ms, then the client got 200',
    })
    const gone = { code: 'CLIENT_GONE', detail: 'The client hung up' } as const
    assert.equal(waitOf({ ...callbackCall, status: 0, failure: gone })?.text, '4999 ms, then the client hung up')
  })

  it('is undefined if no backend accepted the work, or the result came first', () => {
    assert.equal(waitOf(call()), undefined)
    const refused = attempt(1, { outcome: 'refused', status: undefined })
    assert.equal(waitOf({ ...callbackCall, attempts: [refused] }), undefined)
    assert.equal(
      waitOf({ ...callbackCall, attempts: [attempt(1, { endedMs: undefined, outcome: undefined })] }),
      undefined,
    )
    assert.equal(
      waitOf({ ...callbackCall, failure: { code: 'UPSTREAM_STATUS', detail: 'async: status 200' } }),
      undefined,
    )
  })
})
