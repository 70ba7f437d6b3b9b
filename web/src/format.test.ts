import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ago, bytes, count, counted, fromNow, ms, rate, share } from './format.ts'

describe('formatted figures', () => {
  const cases: readonly (readonly [string, string])[] = [
    [ms(undefined), '–'],
    [ms(0), '0 ms'],
    [ms(0.4), '< 1 ms'],
    [ms(119.6), '120 ms'],
    [ms(9999), '9999 ms'],
    [ms(12_345), '12.3 s'],
    [ms(600_000), '10 min'],
    [share(undefined), '–'],
    [share(1), '100 %'],
    [share(0.99999), '99.99 %'],
    [share(0.756), '75.6 %'],
    [share(0), '0 %'],
    [share(1.1326), '113 %'],
    [share(49.92), '4992 %'],
    [count(1234.4), '1,234'],
    [counted(1, 'call'), '1 call'],
    [counted(2000, 'call'), '2,000 calls'],
    [rate(0), '0'],
    [rate(3.33), '3.3'],
    [rate(33.3), '33'],
    [bytes(12), '12 B'],
    [bytes(2048), '2 KiB'],
    [bytes(200 * 1024 * 1024), '200 MiB'],
  ]
  for (const [found, expected] of cases) it(`writes ${expected}`, () => assert.equal(found, expected))

  it('show how far away a time is', () => {
    const now = new Date('2026-03-01T10:00:00Z')
    const at = (seconds: number): string => fromNow(new Date(now.getTime() + seconds * 1000).toISOString(), now)
    assert.equal(ago(new Date(now.getTime() + 1200).toISOString(), now), 'now')
    assert.deepEqual([0, 5, -5, 300, -7200].map(at), ['now', 'in 5 s', '5 s ago', 'in 5 min', '2 h ago'])
  })
})
