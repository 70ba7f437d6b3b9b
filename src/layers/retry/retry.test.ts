import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { codeOf, failureOf, responseOf, textOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { abortCodes, hang, layerBench, sentMs } from '../../../test/kit/layers.ts'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer } from '../../core/service.ts'
import { ActiveBudget } from '../../kit/budgets.ts'
import { retryOptions } from './options.ts'
import { retry } from './retry.ts'

type OptionsInput = z.input<typeof retryOptions>

interface Setup {
  readonly options?: OptionsInput
  readonly draws?: readonly number[]
  readonly budget?: ActiveBudget
  readonly inside?: Layer
}

function bench(script: Parameters<typeof layerBench>[1], setup: Setup = {}) {
  const { options = {}, draws = [], budget = new ActiveBudget({ share: 0, floor: 3 }), inside } = setup
  const left = [...draws]
  const made = layerBench(
    (clock) => (next) => {
      const deps = {
        clock,
        random: () => left.shift() ?? 0,
        budget,
        statusCounts: (status: number) => status < 500,
      }
      return retry(retryOptions.parse(options), deps)(inside?.(next) ?? next)
    },
    script,
  )
  return { ...made, budget }
}

function retried(script: readonly Script[], setup: Setup = {}, request: Partial<GatewayRequest> = {}) {
  const made = bench(script, setup)
  return { ...made, ...made.send(request) }
}

const reset: Script = { afterMs: 10, fails: 'UPSTREAM_RESET' }
const refused: Script = { afterMs: 10, fails: 'UPSTREAM_REFUSED' }
const good: Script = { afterMs: 10, body: 'good' }

describe('retry', () => {
  it('leaves a good answer alone', async () => {
    const { clock, upstream, answer, events } = retried([good])
    await clock.advance(1000)
    assert.equal(textOf(answer.outcome), 'good')
    assert.deepEqual([upstream.seen.length, events.length], [1, 0])
  })

  it('retries a failure, as a retry, and reports it', async () => {
    const { clock, upstream, answer, events } = retried([reset, good], { draws: [0.5] })
    await clock.advance(1000)
    assert.equal(textOf(answer.outcome), 'good')
    assert.deepEqual(sentMs(upstream), [0, 22.5])
    assert.deepEqual(
      upstream.seen.map(({ call }) => call.kind),
      ['first', 'retry'],
    )
    assert.deepEqual(events, [{ type: 'retry.scheduled', waitMs: 12.5 }])
    assert.equal(clock.pendingCount, 0)
  })

  it('returns the last failure when its attempts are used up', async () => {
    const script = [reset, reset, { afterMs: 10, fails: 'UPSTREAM_REFUSED' }, good] as const
    const { clock, upstream, answer } = retried(script, { options: { attempts: 3 } })
    await clock.advance(1000)
    assert.equal(codeOf(answer.outcome), 'UPSTREAM_REFUSED')
    assert.equal(upstream.seen.length, 3)
  })

  it('draws each wait again, from a range that doubles up to its maximum', async () => {
    const draws = [0.999, 0.5, 0.999, 0.999]
    const options = { attempts: 5, backoff: { base: '100ms', max: '250ms' } }
    const { clock, upstream } = retried([reset, reset, reset, reset, good], { options, draws })
    await clock.advance(10_000)
    const waits = sentMs(upstream)
      .slice(1)
      .map((ms, i) => Math.round(ms - (sentMs(upstream)[i] as number) - 10))
    assert.deepEqual(waits, [100, 100, 250, 250])
  })

  const key = { headers: ['idempotency-key', 'k'] }
  const held = { body: Buffer.from('x') }
  const cases: readonly (readonly [string, Script, Partial<GatewayRequest>, number])[] = [
    ['GET is retried after a reset', reset, {}, 2],
    ['PUT is retried, as it is idempotent', reset, { method: 'PUT', ...held }, 2],
    ['DELETE is retried, as it is idempotent', reset, { method: 'DELETE' }, 2],
    ['POST is not retried', reset, { method: 'POST', ...held }, 1],
    ['PATCH is not retried', reset, { method: 'PATCH', ...held }, 1],
    ['POST with an Idempotency-Key is retried', reset, { method: 'POST', ...key, ...held }, 2],
    ['POST is retried if no target has seen it', refused, { method: 'POST', ...held }, 2],
    ['GET is not retried if it would fail again', { afterMs: 10, fails: 'BODY_TOO_LARGE' }, {}, 1],
    ['GET is retried after an attempt timeout', { afterMs: 10, fails: 'UPSTREAM_TIMEOUT' }, {}, 2],
    ['GET is not retried after the deadline', { afterMs: 10, fails: 'DEADLINE' }, {}, 1],
  ]
  for (const [what, script, request, attempts] of cases) {
    it(what, async () => {
      const { clock, upstream } = retried([script, good], {}, request)
      await clock.advance(1000)
      assert.equal(upstream.seen.length, attempts)
    })
  }

  for (const script of [reset, refused]) {
    it(`does not resend a body that was streamed: ${script.fails}`, async () => {
      const { clock, upstream, answer } = retried([script, good], {}, { method: 'PUT', body: Readable.from(['x']) })
      await clock.advance(1000)
      assert.equal(codeOf(answer.outcome), script.fails)
      assert.equal(upstream.seen.length, 1)
    })
  }

  describe('an answer that does not count', () => {
    const bad: Script = { afterMs: 10, status: 503, body: 'bad' }

    it('is retried, and its body discarded', async () => {
      const { clock, upstream, answer } = retried([{ ...bad, bodyAfterMs: 500 }, good])
      await clock.advance(20)
      assert.equal(textOf(answer.outcome), 'good')
      assert.equal(upstream.seen[0]?.discarded, true)
      assert.equal(upstream.openCount, 0)
    })

    it('is passed on unchanged when no attempts are left', async () => {
      const { clock, upstream, answer } = retried([bad, { ...bad, status: 500, body: 'worse', bodyAfterMs: 50 }])
      await clock.advance(20)
      assert.equal(responseOf(answer.outcome).status, 500)
      assert.deepEqual([upstream.seen.length, upstream.seen[1]?.discarded], [2, false])
      await clock.runAll()
      assert.equal(upstream.openCount, 0)
    })

    it('is passed on unchanged if the method may not be repeated', async () => {
      const { clock, upstream, answer } = retried([bad, good], {}, { method: 'POST' })
      await clock.advance(1000)
      assert.equal(textOf(answer.outcome), 'bad')
      assert.equal(upstream.seen.length, 1)
    })

    it('is passed on unchanged if the budget is spent', async () => {
      const budget = new ActiveBudget({ share: 0, floor: 0 })
      const { clock, answer, events } = retried([bad, good], { budget })
      await clock.advance(1000)
      assert.equal(textOf(answer.outcome), 'bad')
      assert.deepEqual(events, [{ type: 'retry.denied' }])
    })

    it('is passed on if its Retry-After ends after the deadline', async () => {
      const script = [{ ...bad, headers: ['Retry-After', '2'] }, good]
      const { clock, call, answer } = retried(script)
      call.expireAt(2000)
      await clock.advance(5000)
      assert.equal(textOf(answer.outcome), 'bad')
      assert.equal(answer.settledMs, 10)
    })

    it('is retried no sooner than its Retry-After says', async () => {
      const { clock, call, upstream } = retried([{ ...bad, headers: ['Retry-After', '2'] }, good])
      call.expireAt(3000)
      await clock.advance(5000)
      assert.deepEqual(sentMs(upstream), [0, 2010])
    })

    it('is retried no sooner than the date of its Retry-After', async () => {
      const until = new Date(new VirtualClock().wallNow() + 2000).toUTCString()
      const { clock, call, upstream } = retried([{ ...bad, headers: ['Retry-After', until] }, good])
      call.expireAt(3000)
      await clock.advance(5000)
      assert.deepEqual(sentMs(upstream), [0, 2000])
    })

    it('does not include a switch of protocols', async () => {
      const { clock, upstream, answer } = retried([{ afterMs: 10, status: 101 }, good])
      await clock.advance(1000)
      assert.equal(responseOf(answer.outcome).status, 101)
      assert.equal(upstream.seen.length, 1)
    })
  })

  it('honours the Retry-After of a failure', async () => {
    const slow = failure('UPSTREAM_STATUS', 'status 429', { retryAfterMs: 400 })
    let asked = 0
    const inside: Layer = (next) => (request, call) =>
      asked++ === 0 ? Promise.resolve(failed(slow)) : next(request, call)
    const { clock, upstream } = retried([good], { inside })
    await clock.advance(1000)
    assert.deepEqual(sentMs(upstream), [400])
  })
})

describe('retry, when the call is aborted', () => {
  for (const code of ['DEADLINE', 'CLIENT_GONE'] as const) {
    it(`ends at once during the wait, with ${code}, and returns its budget`, async () => {
      const { clock, upstream, call, answer, budget } = retried([reset, good], {
        options: { backoff: { base: '200ms', max: '200ms' } },
        draws: [0.9],
      })
      await clock.advance(50)
      assert.equal(budget.extraInFlight, 1)
      call.abort(failure(code, 'over'))
      await settled()
      assert.equal(codeOf(answer.outcome), code)
      assert.equal(answer.settledMs, 50)
      assert.deepEqual([upstream.seen.length, clock.pendingCount, budget.extraInFlight], [1, 0, 0])
    })

    it(`ends the retry in flight, with ${code}, and returns its budget`, async () => {
      const { clock, upstream, call, answer, budget } = retried([reset, hang])
      await clock.advance(50)
      call.abort(failure(code, 'over'))
      await settled()
      assert.equal(codeOf(answer.outcome), code)
      assert.deepEqual(abortCodes(upstream), [undefined, code])
      assert.equal(budget.extraInFlight, 0)
    })
  }
})

describe('retry, its budget', () => {
  it('allows minBudget retries in flight, and passes on the next failures unchanged', async () => {
    const { clock, upstream, send } = bench((index) => (index < 5 ? reset : hang))
    const calls = Array.from({ length: 5 }, () => send())
    await clock.advance(100)
    assert.equal(upstream.seen.length, 5 + 3)
    const denied = calls.filter(({ events }) => events.some(({ type }) => type === 'retry.denied'))
    assert.deepEqual(
      denied.map(({ answer }) => codeOf(answer.outcome)),
      ['UPSTREAM_RESET', 'UPSTREAM_RESET'],
    )
  })

  it('allows a share of the attempts in flight to be retries', async () => {
    const budget = new ActiveBudget({ share: 0.2, floor: 0 })
    const { clock, upstream, send } = bench((index) => (index >= 90 && index < 100 ? reset : hang), { budget })
    for (let i = 0; i < 100; i++) send()
    await clock.advance(100)
    assert.equal(upstream.seen.length, 110)
    assert.equal(budget.extraInFlight, 10)
  })

  it('counts no attempt as in flight once it has ended', async () => {
    const budget = new ActiveBudget({ share: 0.5, floor: 0 })
    const { clock, send } = bench((index) => (index < 20 ? good : reset), { budget })
    for (let i = 0; i < 20; i++) send()
    await clock.advance(100)
    const { events } = send()
    await clock.advance(100)
    assert.deepEqual(events, [{ type: 'retry.denied' }])
  })

  const ends: readonly (readonly [string, readonly Script[]])[] = [
    ['a good answer', [reset, good]],
    ['a failure', [reset, reset]],
    ['an answer that does not count', [reset, { afterMs: 10, status: 500 }]],
  ]
  for (const [what, script] of ends) {
    it(`is returned after ${what}`, async () => {
      const { clock, answer, budget } = retried(script)
      await clock.advance(15)
      assert.equal(budget.extraInFlight, 1)
      await clock.advance(1000)
      assert.notEqual(answer.outcome, undefined)
      assert.equal(budget.extraInFlight, 0)
    })
  }

  it('is returned when a service throws', async () => {
    let asked = 0
    const inside: Layer = (next) => (request, call) => {
      if (asked++ === 0) return next(request, call)
      throw new Error('a bug')
    }
    const budget = new ActiveBudget({ share: 0, floor: 3 })
    const made = layerBench(
      (clock) => (next) => {
        const deps = { clock, random: () => 0, budget, statusCounts: () => true }
        const service = retry(retryOptions.parse({}), deps)(inside(next))
        return (request, call) => service(request, call).catch(() => failed(failure('INTERNAL', 'broken')))
      },
      [reset],
    )
    const { answer } = made.send()
    await made.clock.advance(100)
    assert.equal(failureOf(answer.outcome).code, 'INTERNAL')
    assert.equal(budget.extraInFlight, 0)
  })
})
