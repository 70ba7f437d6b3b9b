import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { codeOf, failureOf, responseOf, textOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { abortCodes, hang, sentMs, served } from '../../../test/kit/layers.ts'
import { type FailureCode, failure } from '../../core/failure.ts'
import type { Service } from '../../core/service.ts'
import { all, allNamed } from './all.ts'
import { allOptions } from './options.ts'

type Tolerate = z.output<typeof allOptions>['tolerate']

function allOf(script: readonly Script[], tolerate: Tolerate = 'none') {
  return served((clock) => all({ calls: script.length, tolerate }, clock), script)
}

const fails = (afterMs: number, code: FailureCode = 'UPSTREAM_STATUS'): Script => ({ afterMs, fails: code })
const modes: readonly Tolerate[] = ['none', 'failures', 'lateness']

describe('all', () => {
  for (const tolerate of modes) {
    it(`merges all good answers in the order of the calls, whichever was first; tolerate: ${tolerate}`, async () => {
      const { clock, upstream, answer } = allOf(
        [
          { afterMs: 90, body: '{"a":1}' },
          { afterMs: 10, body: '[2]' },
          { afterMs: 40, body: '3' },
        ],
        tolerate,
      )
      await clock.advance(100)
      assert.deepEqual(sentMs(upstream), [0, 0, 0])
      assert.equal(textOf(answer.outcome), '[{"a":1},[2],3]')
      assert.equal(answer.settledMs, 90)
      const { status, headers, attempt } = responseOf(answer.outcome)
      assert.deepEqual([status, headers, attempt], [200, ['content-type', 'application/json'], undefined])
      assert.equal(clock.pendingCount, 0)
    })

    it(`ends with CLIENT_GONE and aborts all when the client disconnects; tolerate: ${tolerate}`, async () => {
      const { clock, upstream, call, answer } = allOf([hang, { afterMs: 10 }, hang], tolerate)
      clock.after(50, () => call.abort(failure('CLIENT_GONE', 'gone')))
      await clock.advance(100)
      assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
      assert.deepEqual(abortCodes(upstream), ['CLIENT_GONE', undefined, 'CLIENT_GONE'])
    })
  }

  it('sends two calls and tolerates nothing by default', () => {
    const { calls, tolerate } = allOptions.parse({ upstream: 'work' })
    assert.deepEqual([calls, tolerate], [2, 'none'])
  })

  describe('tolerate: none', () => {
    it('fails at the first failure and aborts the rest', async () => {
      const { clock, upstream, answer } = allOf([{ afterMs: 10 }, hang, fails(30, 'UPSTREAM_REFUSED')])
      await clock.advance(100)
      assert.equal(codeOf(answer.outcome), 'UPSTREAM_REFUSED')
      assert.equal(answer.settledMs, 30)
      assert.deepEqual(abortCodes(upstream), [undefined, 'CANCELLED', undefined])
      assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
    })

    it('fails at the deadline', async () => {
      const { clock, call, answer } = allOf([{ afterMs: 10 }, hang])
      clock.after(50, () => call.abort(failure('DEADLINE', 'over')))
      await clock.advance(50)
      assert.equal(codeOf(answer.outcome), 'DEADLINE')
    })
  })

  describe('tolerate: failures', () => {
    it('waits for all and returns the good ones', async () => {
      const { clock, answer } = allOf([fails(90), { afterMs: 10, body: '2' }, fails(20)], 'failures')
      await clock.advance(89)
      assert.equal(answer.outcome, undefined)
      await clock.advance(1)
      assert.equal(textOf(answer.outcome), '[2]')
    })

    it('fails when none is good', async () => {
      const { clock, answer } = allOf([fails(30), fails(10, 'UPSTREAM_RESET')], 'failures')
      await clock.advance(30)
      const { code, detail } = failureOf(answer.outcome)
      assert.equal(code, 'UPSTREAM_RESET')
      assert.match(detail, /All 2 attempts failed/)
    })

    it('fails at the deadline even if some are good: all must have ended', async () => {
      const { clock, upstream, call, answer } = allOf([{ afterMs: 10 }, hang], 'failures')
      clock.after(50, () => call.abort(failure('DEADLINE', 'over')))
      await clock.advance(50)
      assert.equal(codeOf(answer.outcome), 'DEADLINE')
      assert.equal(upstream.openCount, 0)
    })
  })

  describe('tolerate: lateness', () => {
    it('returns the good answers at the deadline and aborts the rest', async () => {
      const { clock, upstream, call, answer } = allOf([hang, { afterMs: 10, body: '2' }, fails(20)], 'lateness')
      clock.after(50, () => call.abort(failure('DEADLINE', 'over')))
      await clock.advance(49)
      assert.equal(answer.outcome, undefined)
      await clock.advance(1)
      assert.equal(textOf(answer.outcome), '[2]')
      assert.deepEqual(abortCodes(upstream), ['DEADLINE', undefined, undefined])
    })

    it('returns an empty list at the deadline when none is good', async () => {
      const { clock, call, answer } = allOf([hang, fails(20)], 'lateness')
      clock.after(50, () => call.abort(failure('DEADLINE', 'over')))
      await clock.advance(50)
      assert.equal(textOf(answer.outcome), '[]')
      assert.equal(responseOf(answer.outcome).status, 200)
    })

    it('returns an empty list as soon as all have failed', async () => {
      const { clock, answer } = allOf([fails(30), fails(20)], 'lateness')
      await clock.advance(100)
      assert.equal(textOf(answer.outcome), '[]')
      assert.equal(answer.settledMs, 30)
    })

    it('returns all as soon as all are good', async () => {
      const { clock, answer } = allOf(
        [
          { afterMs: 10, body: '1' },
          { afterMs: 20, body: '2' },
        ],
        'lateness',
      )
      await clock.advance(100)
      assert.equal(textOf(answer.outcome), '[1,2]')
      assert.equal(answer.settledMs, 20)
    })
  })
})

describe('all with named calls', () => {
  const names = ['user', 'orders', 'upstream']

  function named(script: Readonly<Record<string, Script>>, tolerate: Tolerate = 'none') {
    const lineTo = (name: string, next: Service): Service => {
      return (request, call) => next({ ...request, path: `/${name}` }, call)
    }
    return served(
      (clock) => (next) => {
        const lines = names.map((name) => [name, lineTo(name, next)] as const)
        return allNamed(Object.fromEntries(lines), tolerate, clock)
      },
      (_, { path }) => script[path.slice(1)],
    )
  }

  it('sends each along its own line and merges them by name', async () => {
    const { clock, upstream, answer } = named({
      user: { afterMs: 30, body: '{"id":7}' },
      orders: { afterMs: 10, body: '[]' },
      upstream: { afterMs: 20, body: 'text' },
    })
    await clock.advance(100)
    assert.deepEqual(
      upstream.seen.map(({ request }) => request.path),
      ['/user', '/orders', '/upstream'],
    )
    assert.deepEqual(JSON.parse(textOf(answer.outcome)), { user: { id: 7 }, orders: [], upstream: 'text' })
  })

  it('leaves out failed calls by name', async () => {
    const script = { user: { afterMs: 30, body: '1' }, orders: fails(10), upstream: { afterMs: 1, body: '3' } }
    const { clock, answer } = named(script, 'failures')
    await clock.advance(100)
    assert.equal(textOf(answer.outcome), '{"user":1,"upstream":3}')
  })

  it('returns an empty object when nothing was good in time', async () => {
    const { clock, call, answer } = named({ user: hang, orders: hang, upstream: hang }, 'lateness')
    clock.after(50, () => call.abort(failure('DEADLINE', 'over')))
    await clock.advance(50)
    assert.equal(textOf(answer.outcome), '{}')
  })
})
