import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeOf, failureOf, textOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { abortCodes, hang, sentMs, served } from '../../../test/kit/layers.ts'
import { failure } from '../../core/failure.ts'
import { quorumOptions } from './options.ts'
import { quorum } from './quorum.ts'

function asked(script: readonly Script[], need?: number, ignore: readonly string[] = []) {
  const rules = quorumOptions.parse({ upstream: 'work', of: script.length, need, ignore })
  return served((clock) => quorum(rules, clock), script)
}

const says = (body: string, afterMs: number, status = 200): Script => ({ afterMs, body, status })
const fails = (afterMs: number): Script => ({ afterMs, fails: 'UPSTREAM_RESET' })

describe('quorum', () => {
  it('answers as soon as enough agree, and aborts the rest', async () => {
    const { clock, upstream, answer } = asked([says('a', 30), hang, says('a', 50)])
    await clock.advance(100)
    assert.deepEqual(sentMs(upstream), [0, 0, 0])
    assert.equal(textOf(answer.outcome), 'a')
    assert.equal(answer.settledMs, 50)
    assert.deepEqual(abortCodes(upstream), [undefined, 'CANCELLED', undefined])
    assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
  })

  it('is not biased toward the first answer', async () => {
    const { clock, answer } = asked([says('b', 10), says('a', 30), says('a', 50)])
    await clock.advance(100)
    assert.equal(textOf(answer.outcome), 'a')
  })

  it('treats the same body with another status as another answer', async () => {
    const { clock, answer } = asked([says('a', 10, 200), says('a', 20, 201), says('a', 30, 202)])
    await clock.advance(100)
    const { code, detail } = failureOf(answer.outcome)
    assert.equal(code, 'QUORUM_FAILED')
    assert.equal(detail, '2 of 3 must agree; answers that agree: 1, 1, 1')
  })

  it('ignores the configured parts', async () => {
    const { clock, answer } = asked([says('{"v":1,"at":5}', 10), says('{"at":6,"v":1}', 20), hang], 2, ['/at'])
    await clock.advance(100)
    assert.equal(answer.settledMs, 20)
    assert.equal(codeOf(answer.outcome), 'ok')
  })

  const counted: readonly (readonly [string, readonly Script[], number | undefined, number, string])[] = [
    ['fails at the second failure of three', [fails(10), fails(20), hang], undefined, 20, 'no good answer'],
    ['fails when three of three differ', [says('a', 10), says('b', 20), says('c', 30)], undefined, 30, '1, 1, 1'],
    ['fails at the first failure if all must agree', [hang, fails(20), says('a', 5)], 3, 20, '1'],
    ['fails at the first difference if all must agree', [says('b', 20), says('a', 5), hang], 3, 20, '1, 1'],
    [
      'fails when the open attempts cannot reach the required number',
      [says('a', 10), says('a', 20), says('b', 30), says('c', 40), fails(50)],
      undefined,
      50,
      '2, 1, 1',
    ],
  ]
  for (const [what, script, need, atMs, found] of counted) {
    it(`${what}, not later`, async () => {
      const { clock, upstream, answer } = asked(script, need)
      await clock.advance(1000)
      const { code, detail } = failureOf(answer.outcome)
      assert.deepEqual([code, answer.settledMs], ['QUORUM_FAILED', atMs])
      assert.ok(detail.endsWith(found), detail)
      assert.equal(upstream.openCount, 0)
    })
  }

  it('waits while agreement is still possible', async () => {
    const { clock, answer } = asked([fails(10), says('a', 20), says('a', 900)])
    await clock.advance(899)
    assert.equal(answer.outcome, undefined)
    await clock.advance(1)
    assert.equal(textOf(answer.outcome), 'a')
  })

  it('takes the first good answer if one is enough', async () => {
    const { clock, answer } = asked([hang, says('a', 20)], 1)
    await clock.advance(20)
    assert.equal(textOf(answer.outcome), 'a')
  })

  for (const code of ['DEADLINE', 'CLIENT_GONE'] as const) {
    it(`ends with ${code} and aborts all if there is no agreement by then`, async () => {
      const { clock, upstream, call, answer } = asked([says('a', 10), hang, hang])
      clock.after(60, () => call.abort(failure(code, 'over')))
      await clock.advance(100)
      assert.equal(codeOf(answer.outcome), code)
      assert.deepEqual(abortCodes(upstream), [undefined, code, code])
    })
  }

  for (const [of, need] of [
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [16, 9],
  ] as const) {
    it(`needs ${need} of ${of} by default: more than half`, () => {
      assert.equal(quorumOptions.parse({ upstream: 'work', of }).need, need)
    })
  }
})
