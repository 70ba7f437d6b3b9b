import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { codeOf, failureOf, textOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { abortCodes, hang, layerBench, sentMs, served } from '../../../test/kit/layers.ts'
import { settled } from '../../../test/kit/virtual-clock.ts'
import { type FailureCode, failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { anyExtraLoad, CallBudget, type ExtraLoad } from '../../kit/budgets.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { hedge } from './hedge.ts'
import { hedgeOptions } from './options.ts'

type OptionsInput = Partial<z.input<typeof hedgeOptions>>

function rulesOf(options: OptionsInput) {
  return hedgeOptions.parse({ upstream: 'work', after: '300ms', extra: 2, budget: 'unlimited', ...options })
}

function hedged(script: readonly Script[], options: OptionsInput = {}, request: Partial<GatewayRequest> = {}) {
  return served((clock) => hedge(rulesOf(options), clock), script, request)
}

describe('hedge', () => {
  it('sends one attempt while the first is in time', async () => {
    const { clock, upstream, answer } = hedged([{ afterMs: 299, body: '1' }])
    await clock.advance(1000)
    assert.equal(textOf(answer.outcome), '1')
    assert.equal(answer.settledMs, 299)
    assert.equal(upstream.seen.length, 1)
    assert.equal(clock.pendingCount, 0)
  })

  it('sends the extras at once when the first is late, and keeps the first good answer', async () => {
    const { clock, upstream, answer, events } = hedged([
      { afterMs: 301, body: '1' },
      { afterMs: 50, body: '2' },
      { afterMs: 60, body: '3' },
    ])
    await clock.advance(300)
    assert.deepEqual(sentMs(upstream), [0, 300, 300])
    await clock.advance(700)
    assert.equal(textOf(answer.outcome), '1')
    assert.equal(answer.settledMs, 301)
    assert.deepEqual(events, [{ type: 'hedge.sent', count: 2, because: 'late' }])
  })

  it('lets the first win at 350 ms although the extras have gone out', async () => {
    const { clock, upstream, answer } = hedged([{ afterMs: 350, body: '1' }, { afterMs: 100 }, { afterMs: 200 }])
    await clock.advance(350)
    assert.equal(textOf(answer.outcome), '1')
    assert.deepEqual(abortCodes(upstream), [undefined, 'CANCELLED', 'CANCELLED'])
  })

  it('aborts the losers as soon as one has won', async () => {
    const { clock, upstream } = hedged([hang, { afterMs: 20, body: '2' }, { afterMs: 500 }])
    await clock.advance(320)
    assert.deepEqual(abortCodes(upstream), ['CANCELLED', undefined, 'CANCELLED'])
    assert.equal(upstream.openCount, 0)
    assert.equal(clock.pendingCount, 0)
  })

  it('keeps a winner that is still streaming, and aborts the others', async () => {
    const { clock, upstream, answer } = hedged([hang, { afterMs: 20, bodyAfterMs: 900 }, { afterMs: 30 }])
    await clock.advance(330)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual(abortCodes(upstream), ['CANCELLED', undefined, 'CANCELLED'])
    assert.equal(upstream.openCount, 1)
    await clock.runAll()
    assert.equal(upstream.openCount, 0)
  })

  it('sends the extras at once when the first fails', async () => {
    const { clock, upstream, answer, events } = hedged([
      { afterMs: 50, fails: 'UPSTREAM_RESET' },
      { afterMs: 30, body: '2' },
    ])
    await clock.advance(80)
    assert.deepEqual(sentMs(upstream), [0, 50, 50])
    assert.equal(textOf(answer.outcome), '2')
    assert.deepEqual(events, [{ type: 'hedge.sent', count: 2, because: 'failed' }])
  })

  it('continues after some failures while others may still win', async () => {
    const { clock, answer } = hedged([
      { afterMs: 320, fails: 'UPSTREAM_RESET' },
      { afterMs: 50, fails: 'UPSTREAM_STATUS' },
      { afterMs: 600, body: '3' },
    ])
    await clock.advance(900)
    assert.equal(textOf(answer.outcome), '3')
    assert.equal(answer.settledMs, 900)
  })

  it('reports each failure when all have failed', async () => {
    const { clock, answer } = hedged([
      { afterMs: 10, fails: 'UPSTREAM_STATUS' },
      { afterMs: 10, fails: 'UPSTREAM_RESET' },
      { afterMs: 20, fails: 'UPSTREAM_REFUSED' },
    ])
    await clock.advance(30)
    const { code, detail } = failureOf(answer.outcome)
    assert.equal(code, 'UPSTREAM_REFUSED')
    assert.match(detail, /All 3 attempts failed: fake UPSTREAM_STATUS; fake UPSTREAM_RESET; fake UPSTREAM_REFUSED/)
  })

  it('sends all at once if it hedges after 0 ms', async () => {
    const { clock, upstream } = hedged([hang, hang, hang], { after: '0ms' })
    await settled()
    assert.deepEqual(sentMs(upstream), [0, 0, 0])
    assert.equal(clock.now(), 0)
  })

  it('never sends more than its extras', async () => {
    const { clock, upstream, answer } = hedged([hang, hang, hang], { extra: 2 })
    await clock.advance(100_000)
    assert.equal(upstream.seen.length, 3)
    assert.equal(answer.outcome, undefined)
  })

  it('marks the first as first and the others as hedges', async () => {
    const { clock, upstream } = hedged([hang, hang, hang])
    await clock.advance(300)
    assert.deepEqual(
      upstream.seen.map(({ call }) => call.kind),
      ['first', 'hedge', 'hedge'],
    )
  })

  for (const [what, atMs, attempts] of [
    ['before the extras go out', 200, 1],
    ['in the second stage', 450, 3],
  ] as const) {
    for (const code of ['DEADLINE', 'CLIENT_GONE'] as const) {
      it(`settles at once with ${code} ${what}, and aborts all`, async () => {
        const { clock, upstream, call, answer } = hedged([hang, hang, { afterMs: 500 }])
        clock.after(atMs, () => call.abort(failure(code, 'over')))
        await clock.advance(1000)
        assert.equal(codeOf(answer.outcome), code)
        assert.equal(answer.settledMs, atMs)
        assert.deepEqual(abortCodes(upstream), Array(attempts).fill(code))
        assert.equal(clock.pendingCount, 0)
      })
    }
  }
})

describe('hedge with spacing', () => {
  const options = { spacing: '100ms', extra: 3 } as const

  it('sends the extras one by one', async () => {
    const { clock, upstream, events } = hedged([hang, hang, hang, hang], options)
    await clock.advance(2000)
    assert.deepEqual(sentMs(upstream), [0, 300, 400, 500])
    const sent = { type: 'hedge.sent', count: 1, because: 'late' }
    assert.deepEqual(events, [sent, sent, sent])
  })

  it('sends the next at once when all sent so far have failed', async () => {
    const fails = { afterMs: 20, fails: 'UPSTREAM_RESET' } as const
    const { clock, upstream, answer } = hedged([fails, fails, fails, { afterMs: 10 }], options)
    await clock.advance(1000)
    assert.deepEqual(sentMs(upstream), [0, 20, 40, 60])
    assert.equal(answer.settledMs, 70)
  })

  it('does not hurry after a failure while another may still win', async () => {
    const { clock, upstream } = hedged([{ afterMs: 310, fails: 'UPSTREAM_RESET' }, hang, hang], options)
    await clock.advance(450)
    assert.deepEqual(sentMs(upstream), [0, 300, 400])
  })

  it('sends no more after the first good answer', async () => {
    const { clock, upstream, answer } = hedged([hang, { afterMs: 50 }], options)
    await clock.advance(2000)
    assert.equal(answer.settledMs, 350)
    assert.equal(upstream.seen.length, 2)
  })
})

describe('hedge with first: drop', () => {
  it('abandons the first when the extras go out', async () => {
    const { clock, upstream, answer } = hedged([{ afterMs: 301, body: '1' }, { afterMs: 50, body: '2' }, hang], {
      first: 'drop',
    })
    await clock.advance(300)
    assert.deepEqual(abortCodes(upstream), ['CANCELLED', undefined, undefined])
    await clock.advance(700)
    assert.equal(textOf(answer.outcome), '2')
    assert.equal(answer.settledMs, 350)
  })

  it('abandons nothing if the first has failed', async () => {
    const { clock, upstream, answer } = hedged([{ afterMs: 50, fails: 'UPSTREAM_RESET' }, { afterMs: 20 }], {
      first: 'drop',
    })
    await clock.advance(70)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual(abortCodes(upstream), [undefined, undefined, 'CANCELLED'])
  })

  it('leaves the dropped one out of the reported failures', async () => {
    const { clock, answer } = hedged([hang, { afterMs: 5, fails: 'UPSTREAM_RESET' }], { first: 'drop', extra: 1 })
    await clock.advance(305)
    assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_RESET')
  })

  it('keeps the first if the budget grants no extra', async () => {
    const bench = layerBench(
      (clock) => hedge(rulesOf({ first: 'drop', extra: 3, budget: '0%' }), clock),
      (index) => (index === 1 ? { afterMs: 400, body: 'first' } : hang),
    )
    bench.send()
    const { answer, events } = bench.send()
    await bench.clock.advance(400)
    assert.equal(textOf(answer.outcome), 'first')
    assert.deepEqual(events, [{ type: 'hedge.denied' }])
  })
})

describe('hedge, by method', () => {
  const key = { headers: ['Idempotency-Key', 'k'] }
  const cases: readonly (readonly [string, Partial<GatewayRequest>, OptionsInput, number])[] = [
    ['GET is hedged', { method: 'GET' }, {}, 3],
    ['HEAD is hedged', { method: 'HEAD' }, {}, 3],
    ['OPTIONS is hedged', { method: 'OPTIONS' }, {}, 3],
    ['POST is not hedged', { method: 'POST' }, {}, 1],
    ['PUT is not hedged, as it writes', { method: 'PUT' }, {}, 1],
    ['DELETE is not hedged, as it writes', { method: 'DELETE' }, {}, 1],
    ['PATCH is not hedged', { method: 'PATCH' }, {}, 1],
    ['POST with an Idempotency-Key is hedged', { method: 'POST', ...key }, {}, 3],
    ['POST is hedged with unsafe: allow', { method: 'POST' }, { unsafe: 'allow' }, 3],
  ]
  for (const [what, request, options, attempts] of cases) {
    it(what, async () => {
      const { clock, upstream, events } = hedged([hang, hang, hang], options, request)
      await clock.advance(1000)
      assert.equal(upstream.seen.length, attempts)
      assert.equal(events.length, attempts === 1 ? 0 : 1)
    })
  }

  it('returns the failure of an unsafe one unchanged, and sends no other', async () => {
    const { clock, upstream, answer } = hedged([{ afterMs: 5, fails: 'UPSTREAM_RESET' }], {}, { method: 'POST' })
    await clock.advance(1000)
    assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_RESET')
    assert.equal(upstream.seen.length, 1)
  })
})

describe('hedge, its budget', () => {
  function budgeted(options: OptionsInput, script: (index: number) => Script = () => hang) {
    return layerBench((clock) => hedge(rulesOf({ extra: 1, ...options }), clock), script)
  }

  it('allows three extras in flight whatever the share, and reports each denied call', async () => {
    const { clock, upstream, send } = budgeted({ budget: '0%' })
    const calls = Array.from({ length: 5 }, () => send())
    await clock.advance(1000)
    assert.equal(upstream.seen.length, 5 + 3)
    assert.deepEqual(
      calls.map(({ events }) => events.map(({ type }) => type)),
      [['hedge.sent'], ['hedge.sent'], ['hedge.sent'], ['hedge.denied'], ['hedge.denied']],
    )
  })

  it('grants a share of the calls beyond that', async () => {
    const { clock, upstream, send } = budgeted({ budget: '20%' }, (index) => (index < 50 ? { afterMs: 1 } : hang))
    for (let i = 0; i < 50; i++) send()
    await clock.advance(10)
    for (let i = 0; i < 20; i++) send()
    await clock.advance(1000)
    // 70 calls have earned 14.
    assert.equal(upstream.seen.length, 70 + 14)
  })

  it('sends as many extras as the budget grants', async () => {
    const { clock, upstream, send } = budgeted({ budget: '0%', extra: 2 })
    send()
    const second = send()
    await clock.advance(1000)
    assert.equal(upstream.seen.length, 2 + 3)
    assert.deepEqual(second.events, [{ type: 'hedge.denied' }, { type: 'hedge.sent', count: 1, because: 'late' }])
  })

  it('waits for the first if the budget denies extras, and returns its failure unchanged', async () => {
    const { clock, send } = budgeted({ budget: '0%', extra: 3 }, (index) =>
      index === 1 ? { afterMs: 400, fails: 'UPSTREAM_STATUS' } : hang,
    )
    send()
    const { answer } = send()
    await clock.advance(1000)
    assert.equal(answer.settledMs, 400)
    assert.equal(failureOf(answer.outcome).detail, 'fake UPSTREAM_STATUS')
  })

  const ways: readonly (readonly [string, Script, Script, FailureCode | undefined])[] = [
    ['one has won', hang, { afterMs: 50 }, undefined],
    ['all have failed', { afterMs: 400, fails: 'UPSTREAM_RESET' }, { afterMs: 9, fails: 'UPSTREAM_RESET' }, undefined],
    ['the deadline has passed', hang, hang, 'DEADLINE'],
    ['the client has disconnected', hang, hang, 'CLIENT_GONE'],
  ]
  for (const [how, first, extra, abort] of ways) {
    it(`returns its budget when ${how}`, async () => {
      const { clock, upstream, send } = budgeted({ budget: '0%' }, (index) =>
        index < 3 ? first : index < 6 ? extra : hang,
      )
      const calls = [send(), send(), send()]
      await clock.advance(305)
      assert.equal(upstream.seen.length, 6)
      if (abort !== undefined) for (const { call } of calls) call.abort(failure(abort, how))
      await clock.advance(1000)
      assert.ok(calls.every(({ answer }) => answer.outcome !== undefined))

      for (let i = 0; i < 4; i++) send()
      await clock.advance(305)
      assert.equal(upstream.seen.length, 6 + 4 + 3)
    })
  }

  it('returns its budget when a service throws', async () => {
    let broken = false
    const bench = layerBench(
      (clock) => (next) => {
        const service = hedge(
          rulesOf({ budget: '0%', extra: 1 }),
          clock,
        )((request, call) => {
          if (broken || call.kind === 'first') return next(request, call)
          broken = true
          throw new Error('a bug')
        })
        return async (request, call) => service(request, call).catch(() => failed(failure('INTERNAL', 'broken')))
      },
      () => hang,
    )
    const { answer } = bench.send()
    await bench.clock.advance(310)
    assert.equal(codeOf(answer.outcome), 'INTERNAL')
    for (let i = 0; i < 4; i++) bench.send()
    await bench.clock.advance(310)
    assert.equal(bench.upstream.openCount, 4 + 3)
  })
})

describe('hedge after a quantile', () => {
  const after = { quantile: 'p90', start: '100ms', min: '20ms', max: '200ms' }
  const good = (afterMs: number): Script => ({ afterMs })

  function steered(script: (index: number) => Script, options: OptionsInput = {}) {
    return layerBench((clock) => hedge(rulesOf({ after, extra: 1, ...options }), clock), script)
  }

  /** The time after which a call that begins now, with a hanging first attempt, is hedged; ends the scene. */
  async function delayOf(bench: ReturnType<typeof steered>): Promise<number> {
    const startedMs = bench.clock.now()
    const sentBefore = bench.upstream.seen.length
    const { events } = bench.send()
    await bench.clock.advance(1000)
    assert.ok(events.some(({ type }) => type === 'hedge.sent'))
    return (bench.upstream.seen[sentBefore + 1]?.sentMs ?? Number.NaN) - startedMs
  }

  /** Sends calls one after the other with scripted attempts, and returns the delay after them. */
  async function delayAfter(
    calls: number,
    script: (index: number) => Script,
    options: OptionsInput = {},
    request: Partial<GatewayRequest> = {},
  ): Promise<number> {
    let isOver = false
    const bench = steered((index) => (isOver ? hang : script(index)), options)
    for (let i = 0; i < calls; i++) {
      bench.send(request)
      await bench.clock.advance(300)
    }
    isOver = true
    return delayOf(bench)
  }

  const near = (actual: number, expected: number): void =>
    assert.ok(Math.abs(actual - expected) < 0.01 * expected, `${actual} is not near ${expected}`)

  it('starts with the start value', async () => near(await delayAfter(0, () => hang), 100))

  it('drops to the longest of the first answers if none was late', async () => {
    near(await delayAfter(20, (index) => good(31 + index)), 50)
  })

  it('waits longer after a late first attempt, whether it wins or is cancelled', async () => {
    near(await delayAfter(1, (index) => good(index === 0 ? 120 : 50)), 109.4)
    near(await delayAfter(1, (index) => good(index === 0 ? 180 : 10)), 109.4)
  })

  it('counts a dropped attempt as late', async () => {
    near(await delayAfter(1, (index) => good(index === 0 ? 150 : 10), { first: 'drop' }), 109.4)
  })

  it('counts an attempt as late if the budget grants no hedge', async () => {
    const bench = steered(() => hang, { budget: '0%' })
    const calls = Array.from({ length: 4 }, () => bench.send())
    await bench.clock.advance(150)
    assert.deepEqual(calls[3]?.events, [{ type: 'hedge.denied' }])
    for (const { call } of calls) call.abort(failure('CLIENT_GONE', 'gone'))
    near(await delayOf(bench), 100 * Math.exp(4 * 0.09))
  })

  it('learns nothing from a first attempt that fails fast', async () => {
    near(await delayAfter(50, () => ({ afterMs: 1, fails: 'UPSTREAM_STATUS' })), 100)
  })

  it('counts an attempt as late that fails after the delay', async () => {
    near(await delayAfter(1, (index) => (index === 0 ? { afterMs: 150, fails: 'UPSTREAM_RESET' } : good(90))), 109.4)
  })

  for (const code of ['CLIENT_GONE', 'DEADLINE'] as const) {
    it(`learns nothing from a call that ends with ${code} before its delay is over`, async () => {
      const bench = steered(() => hang)
      for (let i = 0; i < 30; i++) {
        const { call } = bench.send()
        await bench.clock.advance(50)
        call.abort(failure(code, 'over'))
      }
      near(await delayOf(bench), 100)
    })
  }

  for (const [what, latencyMs] of [
    ['in time', 30],
    ['late', 180],
  ] as const) {
    it(`learns nothing from an attempt that is ${what} while the gateway itself stalled`, async () => {
      let isOver = false
      const bench = steered(() => (isOver ? hang : good(latencyMs)))
      for (let i = 0; i < 20; i++) {
        bench.send()
        await bench.clock.advance(10)
        bench.clock.stall(150)
        await bench.clock.advance(300)
      }
      isOver = true
      near(await delayOf(bench), 100)
    })
  }

  it('learns from attempts during stalls if stalls are not the exception', async () => {
    let isOver = false
    const bench = steered(() => (isOver ? hang : good(180)))
    for (let i = 0; i < 210; i++) {
      bench.send()
      await bench.clock.advance(10)
      bench.clock.stall(150)
      await bench.clock.advance(300)
    }
    isOver = true
    assert.ok((await delayOf(bench)) > 150)
  })

  it('learns nothing from calls that may not be hedged', async () => {
    near(await delayAfter(50, () => good(30), {}, { method: 'POST' }), 100)
  })

  it('weighs each attempt as one, however many calls before taught it nothing', async () => {
    const bench = steered((index) => (index < 200 ? { afterMs: 1, fails: 'UPSTREAM_STATUS' } : hang))
    for (let i = 0; i < 100; i++) {
      bench.send()
      await bench.clock.advance(10)
    }
    bench.send()
    await bench.clock.advance(150)
    near(await delayOf(bench), 109.4)
  })

  it('stays between min and max', async () => {
    near(await delayAfter(30, () => good(2)), 20)
    near(await delayAfter(30, () => hang, { budget: 'unlimited' }), 200)
  })
})

describe('hedge, limited by its upstream', () => {
  const held = (extraLoad: Partial<ExtraLoad>, options: OptionsInput = {}) =>
    layerBench(
      (clock) => hedge(rulesOf({ extra: 1, ...options }), clock, new SharedMemory(), { ...anyExtraLoad, ...extraLoad }),
      () => hang,
    )

  it('sends no more than all routes together may, and returns its budget', async () => {
    const budget = new CallBudget({ share: 0, floor: 1 })
    const { clock, upstream, send } = held({ budget }, { budget: '100%' })
    const calls = [send(), send()]
    await clock.advance(300)
    assert.equal(upstream.seen.length, 3)
    assert.deepEqual(
      calls.map(({ events }) => events.map(({ type }) => type)),
      [['hedge.sent'], ['hedge.denied']],
    )
    for (const { call } of calls) call.abort(failure('CLIENT_GONE', 'gone'))
    await settled()
    assert.equal(budget.extraInFlight, 0)
  })

  it('is not limited if its budget is unlimited', async () => {
    const { clock, upstream, send } = held({ budget: new CallBudget({ share: 0, floor: 0 }) })
    send()
    await clock.advance(300)
    assert.equal(upstream.seen.length, 2)
  })

  it('sends none if no other target is available', async () => {
    const { clock, upstream, send } = held({ hasOther: () => false })
    const { events } = send()
    await clock.advance(300)
    assert.equal(upstream.seen.length, 1)
    assert.deepEqual(events, [{ type: 'hedge.denied' }])
  })
})
