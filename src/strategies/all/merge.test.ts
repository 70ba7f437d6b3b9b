import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ResponseBody } from '../../core/body.ts'
import { failure } from '../../core/failure.ts'
import { failed, succeeded } from '../../core/outcome.ts'
import type { Runner } from '../../kit/race.ts'
import { merge } from './merge.ts'

function good(body: ResponseBody): Runner {
  const outcome = succeeded({ status: 201, headers: ['x-a', 'b'], body, attempt: undefined, upgraded: undefined })
  return { kind: 'duplicate', sentMs: 0, endedMs: 1, outcome, dropped: false }
}

const bad: Runner = { ...good(undefined), outcome: failed(failure('UPSTREAM_RESET', 'reset')) }
const late: Runner = { ...good(undefined), endedMs: undefined, outcome: undefined }

function textOf(runners: readonly Runner[], names?: readonly string[]): string {
  return Buffer.from(merge(runners, names).body as Uint8Array).toString()
}

describe('merge', () => {
  for (const [what, body, merged] of [
    ['JSON goes in as it is, spaces and all', '{ "a" : 1.0 }', '[{ "a" : 1.0 }]'],
    ['what is not JSON goes in as a string', 'a "quoted"\nline', '["a \\"quoted\\"\\nline"]'],
    ['half a JSON document is a string', '{"a":', '["{\\"a\\":"]'],
    ['blanks alone are a string', '  ', '["  "]'],
    ['other scripts stay what they are', '"žluť"', '["žluť"]'],
    ['an empty body is null', '', '[null]'],
    ['no body is null', undefined, '[null]'],
  ] as const) {
    it(what, () => assert.equal(textOf([good(body === undefined ? undefined : Buffer.from(body))]), merged))
  }

  it('reads a body that is a part of a larger buffer', () => {
    assert.equal(textOf([good(Buffer.from('xx{"a":1}yy').subarray(2, 9))]), '[{"a":1}]')
  })

  it('leaves out what failed or has not come, and keeps each name with its own', () => {
    const runners = [good(Buffer.from('1')), bad, late, good(Buffer.from('4'))]
    assert.equal(textOf(runners), '[1,4]')
    assert.equal(textOf(runners, ['a', 'b', 'c', 'd "']), '{"a":1,"d \\"":4}')
  })

  it('is always JSON with all that was good, in its order', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.jsonValue().map((value) => JSON.stringify(value)),
          ),
        ),
        (bodies) => {
          const merged = JSON.parse(textOf(bodies.map((body) => good(Buffer.from(body))))) as unknown[]
          assert.equal(merged.length, bodies.length)
          for (const [place, body] of bodies.entries()) assert.deepEqual(merged[place], valueOf(body))
        },
      ),
    )
    function valueOf(body: string): unknown {
      const text = Buffer.from(body).toString()
      if (text === '') return null
      try {
        return JSON.parse(text)
      } catch {
        return text
      }
    }
  })
})
