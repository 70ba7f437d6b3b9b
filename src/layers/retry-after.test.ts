import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { retryAfterMs } from './retry-after.ts'

const nowMs = Date.UTC(2026, 9, 21, 7, 28, 0)
const clock = { wallNow: () => nowMs }
const read = (value: string) => retryAfterMs(['Retry-After', value], clock)

describe('retryAfterMs', () => {
  for (const [value, ms] of [
    ['0', 0],
    ['2', 2000],
    ['120', 120_000],
    ['999999', 999_999_000],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['10000000', 999_999_000],
    ['9'.repeat(400), 999_999_000],
    ['soon', undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    ['Wed, 21 Oct 2026 07:28:01 GMT', 1000],
    ['wed, 21 oct 2026 07:30:00 gmt', 120_000],
    ['Wed, 21 Oct 2026 07:33:00 GMT', 300_000],
    ['Wed, 21 Oct 2026 08:28:00 GMT', 300_000],
    ['Thu, 31 Dec 9999 23:59:59 GMT', 300_000],
    ['Wednesday, 21-Oct-26 07:28:30 GMT', 30_000],
    ['Wednesday, 21-Oct-77 07:28:30 GMT', undefined],
    ['Wed Oct 21 07:28:30 2026', 30_000],
    ['Tue Dec  1 07:28:30 2026', 300_000],
    ['Wed, 21 Oct 2026 07:28:60 GMT', 60_000],
    ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
    ['Wed, 31 Nov 2026 07:28:00 GMT', undefined],
    ['Wed, 21 Okt 2026 07:28:30 GMT', undefined],
    ['Wed, 21 Oct 2026 24:00:00 GMT', undefined],
    ['Wed, 21 Oct 2026 07:60:00 GMT', undefined],
    ['Wed, 21 Oct 2026 07:28:30', undefined],
    ['Wed, 21 Oct 2026 07:28:30 +0200', undefined],
    ['Wed, 1 Dec 2026 07:28:30 GMT', undefined],
    ['2026-10-21T07:28:30Z', undefined],
    ['Wed, 21 Oct 2026 07:28:30 GMT, 5', undefined],
  ] as const) {
    it(`reads ${JSON.stringify(value)} as ${ms}`, () => assert.equal(read(value), ms))
  }

  it('returns undefined without the field, and does not read the clock', () => {
    const none = { wallNow: () => assert.fail('it looked') }
    assert.equal(retryAfterMs(['x-a', '5'], none), undefined)
  })

  it('reads every date of the next five minutes as the time left until it', () => {
    const property = fc.property(fc.integer({ min: 1, max: 300 }), (seconds) => {
      assert.equal(read(new Date(nowMs + seconds * 1000).toUTCString()), seconds * 1000)
    })
    fc.assert(property)
  })

  it('never fails, whatever the value', () => {
    const property = fc.property(fc.string(), (text) => {
      const ms = read(text)
      assert.ok(ms === undefined || ms >= 0)
    })
    fc.assert(property)
  })
})
