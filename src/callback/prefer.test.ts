import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readPreference } from './prefer.ts'

const none = { respondAsync: false, waitMs: undefined }

function prefer(...values: readonly string[]) {
  return readPreference(values.flatMap((value) => ['Prefer', value]))
}

describe('Prefer', () => {
  for (const [value, expected] of [
    ['respond-async', { respondAsync: true, waitMs: undefined }],
    ['wait=10', { respondAsync: false, waitMs: 10_000 }],
    ['respond-async, wait=10', { respondAsync: true, waitMs: 10_000 }],
    ['wait=0', { respondAsync: false, waitMs: 0 }],
    ['WAIT=3,Respond-Async', { respondAsync: true, waitMs: 3000 }],
    ['wait="7"', { respondAsync: false, waitMs: 7000 }],
    ['wait = 7', { respondAsync: false, waitMs: 7000 }],
    ['wait\t=\t"7"\t', { respondAsync: false, waitMs: 7000 }],
    ['wait=7; strict; why="x, y"', { respondAsync: false, waitMs: 7000 }],
    ['respond-async; a=b , wait=2', { respondAsync: true, waitMs: 2000 }],
    ['respond-async=""', { respondAsync: true, waitMs: undefined }],
    ['handling=lenient, wait=5, return=minimal', { respondAsync: false, waitMs: 5000 }],
    [',, ,wait=5,', { respondAsync: false, waitMs: 5000 }],
    // The first of two equal preferences counts.
    ['wait=1, wait=2', { respondAsync: false, waitMs: 1000 }],
    ['wait=soon, wait=2', none],
    // A comma in quotes does not separate, and quoted text is not a preference.
    ['note="a, respond-async, b"', none],
    ['note="a, wait=1, b", wait=4', { respondAsync: false, waitMs: 4000 }],
    ['note="say \\"hi\\", respond-async, b", wait=4', { respondAsync: false, waitMs: 4000 }],
    ['note;x="a, respond-async ,b"', none],
  ] as const) {
    it(`reads ${value}`, () => assert.deepEqual(prefer(value), expected))
  }

  for (const value of [
    'wait',
    'wait=',
    'wait=""',
    'wait=-1',
    'wait=1.5',
    'wait=1e3',
    'wait=9999999999',
    'wait=1 2',
    'wait=٣',
    'waiting=5',
    'respond-async"',
    '"respond-async"',
    'respond async',
    '=5',
    '"wait=5',
    '',
  ]) {
    it(`ignores ${JSON.stringify(value)}`, () => assert.deepEqual(prefer(value), none))
  }

  it('may come in several fields, of which the first counts for the same preference', () => {
    assert.deepEqual(prefer('wait=1', 'respond-async', 'wait=9'), { respondAsync: true, waitMs: 1000 })
    assert.deepEqual(prefer('note="never closed', 'wait=2'), { respondAsync: false, waitMs: 2000 })
  })

  it('is empty without the field', () => {
    assert.deepEqual(readPreference(['accept', 'wait=1']), none)
  })

  it('is read without an exception, whatever the value', () => {
    const piece = fc.constantFrom('wait', '=', '"', ',', ';', ' ', '\\', '5', 'respond-async', '\t', 'x')
    const odd = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 3 }), (values) => {
        const { respondAsync, waitMs } = prefer(...values)
        assert.equal(typeof respondAsync, 'boolean')
        assert.ok(waitMs === undefined || (Number.isSafeInteger(waitMs) && waitMs >= 0))
      }),
      { numRuns: 2000 },
    )
  })

  it('is read in linear time', () => {
    for (const hostile of [
      `a=${' '.repeat(60_000)}""x`,
      '"'.repeat(60_000),
      ','.repeat(60_000),
      `a;${'\\"'.repeat(30_000)}`,
    ]) {
      const startedMs = performance.now()
      prefer(hostile)
      assert.ok(performance.now() - startedMs < 500)
    }
  })
})
