import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../../../test/kit/calls.ts'
import { given } from '../../../test/kit/results.ts'
import type { ResponseBody } from '../../core/body.ts'
import { failure } from '../../core/failure.ts'
import { failed, succeeded } from '../../core/outcome.ts'
import type { Runner } from '../../kit/race.ts'
import { Scope } from '../../kit/scope.ts'
import { jsonBody } from './json-body.ts'
import { merge } from './merge.ts'

function good(body: ResponseBody): Runner {
  const outcome = succeeded({ status: 201, headers: ['x-a', 'b'], body, attempt: undefined, upgraded: undefined })
  return { kind: 'duplicate', sentMs: 0, endedMs: 1, outcome, dropped: false }
}

const bad: Runner = { ...good(undefined), outcome: failed(failure('UPSTREAM_RESET', 'reset')) }
const late: Runner = { ...good(undefined), endedMs: undefined, outcome: undefined }

/** Merges raw bodies, as targets send them. */
async function textOfAll(bodies: readonly (Uint8Array | undefined)[]): Promise<string> {
  const parts = await Promise.all(bodies.map((body) => jsonBody(body, new Scope())))
  return textOf(parts.map((part) => good(given(part))))
}

function textOf(runners: readonly Runner[], names?: readonly string[]): string {
  return Buffer.from(merge(runners, names).body as Uint8Array).toString()
}

describe('merge', () => {
  for (const [what, body, merged] of [
    ['JSON is inserted unchanged, spaces included', '{ "a" : 1.0 }', '[{ "a" : 1.0 }]'],
    ['a body that is not JSON is inserted as a string', 'a "quoted"\nline', '["a \\"quoted\\"\\nline"]'],
    ['half a JSON document is a string', '{"a":', '["{\\"a\\":"]'],
    ['blanks alone are a string', '  ', '["  "]'],
    ['other scripts stay unchanged', '"žluť"', '["žluť"]'],
    ['an empty body is null', '', '[null]'],
    ['no body is null', undefined, '[null]'],
  ] as const) {
    it(what, async () => {
      assert.equal(await textOfAll([body === undefined ? undefined : Buffer.from(body)]), merged)
    })
  }

  it('reads a body that is part of a larger buffer', async () => {
    assert.equal(await textOfAll([Buffer.from('xx{"a":1}yy').subarray(2, 9)]), '[{"a":1}]')
  })

  it('leaves out failed and missing answers, and keeps each name with its own', () => {
    const runners = [good(Buffer.from('1')), bad, late, good(Buffer.from('4'))]
    assert.equal(textOf(runners), '[1,4]')
    assert.equal(textOf(runners, ['a', 'b', 'c', 'd "']), '{"a":1,"d \\"":4}')
  })

  it('replaces invalid UTF-8 with U+FFFD', async () => {
    assert.equal(await textOfAll([Buffer.from([0x22, 0xff, 0x22])]), '["\ufffd"]')
    assert.equal(await textOfAll([Buffer.from([0xff])]), '["\ufffd"]')
  })

  it('makes the same string of a large text as JSON.stringify, wherever its parts end', async () => {
    for (const text of ['😀'.repeat(40_000), `x${'😀'.repeat(40_000)}`, '\u0000"\\'.repeat(20_000)]) {
      assert.equal(await textOfAll([Buffer.from(text)]), `[${JSON.stringify(text)}]`)
    }
  })

  it('gives up a large body at once when the scope is aborted', async () => {
    for (const body of [`[${'1,'.repeat(100_000)}1]`, 'no JSON'.repeat(100_000)]) {
      const scope = new Scope()
      const made = jsonBody(Buffer.from(body), scope)
      const reason = failure('DEADLINE', 'over')
      scope.onAbort(reason)
      assert.equal(failureOf(await made), reason)
    }
  })

  it('is always JSON with all good answers, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.jsonValue().map((value) => JSON.stringify(value)),
          ),
        ),
        async (bodies) => {
          const merged = JSON.parse(await textOfAll(bodies.map((body) => Buffer.from(body)))) as unknown[]
          assert.equal(merged.length, bodies.length)
          for (const [index, body] of bodies.entries()) assert.deepEqual(merged[index], valueOf(body))
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
