import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { balanceOption } from './options.ts'

describe('the option balance', () => {
  it('defaults to round-robin', () => {
    assert.deepEqual(balanceOption.parse(undefined), { kind: 'round-robin' })
  })

  for (const [given, expected] of [
    ['least-requests', { kind: 'least-requests' }],
    ['peak-ewma', { kind: 'peak-ewma', decay: 10_000, start: 30 }],
    [{ 'peak-ewma': { start: '5ms' } }, { kind: 'peak-ewma', decay: 10_000, start: 5 }],
    [{ 'consistent-hash': { by: 'header:x-user' } }, { kind: 'consistent-hash', by: 'header:x-user' }],
    [
      { probing: { path: '/load' } },
      { kind: 'probing', path: '/load', probes: 3, pool: 16, age: 1000, uses: 5, timeout: 1000 },
    ],
  ] as const) {
    it(`accepts ${JSON.stringify(given)}`, () => {
      assert.deepEqual(balanceOption.parse(given), expected)
    })
  }

  for (const given of [
    'fastest',
    'consistent-hash',
    'probing',
    {},
    { 'consistent-hash': {} },
    { 'consistent-hash': { by: 'header:' } },
    { 'consistent-hash': { by: 'ip' } },
    { 'consistent-hash': { by: 'address' }, 'peak-ewma': {} },
    { probing: { path: 'load' } },
    { 'peak-ewma': { decay: '0ms' } },
  ]) {
    it(`rejects ${JSON.stringify(given)}`, () => {
      assert.equal(balanceOption.safeParse(given).success, false)
    })
  }
})
