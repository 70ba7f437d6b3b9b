import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { codeOf, failureOf, requestOf } from '../../../test/kit/calls.ts'
import type { Script } from '../../../test/kit/fake-upstream.ts'
import { abortCodes, hang, served } from '../../../test/kit/layers.ts'
import { failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { clientBudgetMs, deadline } from './deadline.ts'
import { deadlineOptions, resolveDeadline, usualDeadlineMs } from './options.ts'

type OptionsInput = z.input<typeof deadlineOptions>

function optionsOf(input: OptionsInput) {
  return resolveDeadline(deadlineOptions.parse(input), usualDeadlineMs)
}

function limited(script: readonly Script[], options: OptionsInput = '100ms', request: Partial<GatewayRequest> = {}) {
  return served((clock) => deadline(optionsOf(options), clock), script, request)
}

describe('deadline', () => {
  it('lets an answer in time through and cancels its timer', async () => {
    const { clock, answer } = limited([{ afterMs: 99 }])
    await clock.advance(99)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.equal(clock.pendingCount, 0)
  })

  it('ends the call at its deadline, aborts the attempts, and names the time', async () => {
    const { clock, upstream, answer } = limited([hang])
    await clock.advance(99)
    assert.equal(answer.outcome, undefined)
    await clock.advance(1)
    const { code, detail } = failureOf(answer.outcome)
    assert.deepEqual([code, detail], ['DEADLINE', 'No good answer within 100 ms'])
    assert.deepEqual(abortCodes(upstream), ['DEADLINE'])
    assert.equal(clock.pendingCount, 0)
  })

  it('reports how much of its time the call waited for its turn', async () => {
    const { clock, answer } = served(
      (clock) => (next) =>
        deadline(
          optionsOf('250ms'),
          clock,
        )(async (request, call) => {
          call.queues(true)
          await new Promise<void>((resolve) => clock.after(190.4, resolve))
          call.queues(false)
          return next(request, call)
        }),
      [hang],
    )
    await clock.advance(250)
    const told = 'No good answer within 250 ms, 190 ms of them in the queue'
    assert.equal(failureOf(answer.outcome).detail, told)
  })

  it('covers the head of a streamed answer, and lets its body go on', async () => {
    const { clock, upstream, answer } = limited([{ afterMs: 90, bodyAfterMs: 500 }])
    await clock.advance(300)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.equal(upstream.openCount, 1)
    await clock.runAll()
    assert.equal(upstream.seen[0]?.aborted, undefined)
  })

  it('tells the inner layers how much time is left', async () => {
    const { clock, upstream } = limited([hang])
    await clock.advance(40)
    assert.equal(upstream.seen[0]?.call.remainingMs(), 60)
  })

  it('counts from the start of the call, not from its own', async () => {
    const { clock, answer, call } = served(
      (clock) => (next) => async (request, call) => {
        await new Promise<void>((resolve) => clock.after(70, resolve))
        return deadline(optionsOf('100ms'), clock)(next)(request, call)
      },
      [hang],
    )
    await clock.advance(1000)
    assert.deepEqual([answer.settledMs, call.deadlineAtMs], [100, 100])
  })

  it('ends with the client if the client disconnects first, and cancels its timer', async () => {
    const { clock, call, answer } = limited([hang])
    clock.after(30, () => call.abort(failure('CLIENT_GONE', 'gone')))
    await clock.advance(30)
    assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
    assert.equal(clock.pendingCount, 0)
  })

  it("applies the client's own value to the call", async () => {
    const { clock, answer } = limited([hang], { from: { query: 'timeout' } }, { query: 'timeout=250' })
    await clock.advance(1000)
    assert.equal(answer.settledMs, 250)
    assert.equal(failureOf(answer.outcome).detail, 'No good answer within 250 ms')
  })

  it('sends nothing if the value is invalid', async () => {
    const { clock, upstream, answer } = limited([hang], { from: { query: 'timeout' } }, { query: 'timeout=abc' })
    await clock.advance(0)
    assert.equal(codeOf(answer.outcome), 'BAD_TIMEOUT')
    assert.deepEqual([upstream.seen.length, clock.pendingCount], [0, 0])
  })
})

describe('clientBudgetMs', () => {
  const range = { default: '10s', min: '10ms', max: '60s' }
  const byQuery = optionsOf({ ...range, from: { query: 'timeout' } })
  const byHeader = optionsOf({ ...range, from: { header: 'X-Timeout-Ms' } })

  function ofQuery(query: string) {
    return clientBudgetMs(requestOf({ query }), byQuery)
  }

  for (const [query, ms] of [
    ['timeout=500', 500],
    ['timeout=10', 10],
    ['timeout=60000', 60_000],
    ['timeout=0500', 500],
    ['timeout=%35%30%30', 500],
    ['a=1&timeout=500&b=2', 500],
    ['', 10_000],
    ['Timeout=500', 10_000],
    ['a=timeout', 10_000],
  ] as const) {
    it(`reads ${ms} ms from the query ${JSON.stringify(query)}`, () => assert.equal(ofQuery(query), ms))
  }

  const bad: readonly (readonly [string, string, string])[] = [
    ['empty', 'timeout=', '""'],
    ['empty, without =', 'timeout', '""'],
    ['negative', 'timeout=-5', '"-5"'],
    ['zero', 'timeout=0', '"0"'],
    ['a fraction', 'timeout=50.5', '"50.5"'],
    ['a whole number written as a fraction', 'timeout=50.0', '"50.0"'],
    ['an exponent', 'timeout=1e3', '"1e3"'],
    ['hexadecimal', 'timeout=0x64', '"0x64"'],
    ['letters', 'timeout=abc', '"abc"'],
    ['a unit', 'timeout=500ms', '"500ms"'],
    ['blanks', 'timeout=%20%20', '"  "'],
    ['blanks around', 'timeout=%20500%20', '" 500 "'],
    ['a plus, which is a blank', 'timeout=+500', '" 500"'],
    ['a plus sign', 'timeout=%2B500', '"+500"'],
    ['a line break', 'timeout=500%0A', '"500\\n"'],
    ['separators', 'timeout=1_000', '"1_000"'],
    ['digits of another script', 'timeout=%D9%A5%D9%A0', '"٥٠"'],
    ['above max', 'timeout=60001', '"60001"'],
    ['far above max', 'timeout=99999999999999999999', '"99999999999999999999"'],
    ['below min', 'timeout=9', '"9"'],
    ['Infinity', 'timeout=Infinity', '"Infinity"'],
  ]
  for (const [what, query, shown] of bad) {
    it(`refuses a value that is ${what}, and names the parameter, the value and the range`, () => {
      const refused = ofQuery(query)
      assert.ok(typeof refused !== 'number')
      assert.equal(refused.code, 'BAD_TIMEOUT')
      assert.equal(
        refused.detail,
        `The query parameter "timeout" is ${shown}; allowed: a whole number of milliseconds from 10 to 60000`,
      )
    })
  }

  it('shows only the beginning of a long value', () => {
    const refused = ofQuery(`timeout=${'x'.repeat(5000)}`)
    assert.ok(typeof refused !== 'number' && refused.detail.length < 200)
  })

  it('refuses a value that is given twice, even the same one, and shows both', () => {
    const refused = ofQuery('timeout=500&timeout=500')
    assert.ok(typeof refused !== 'number')
    assert.equal(refused.code, 'BAD_TIMEOUT')
    assert.match(refused.detail, /query parameter "timeout" is given 2 times \("500", "500"\)/)
    assert.match(refused.detail, /a whole number of milliseconds from 10 to 60000/)
  })

  it('shows only the first of many values', () => {
    const refused = ofQuery(Array(1000).fill('timeout=500').join('&'))
    assert.ok(typeof refused !== 'number' && refused.detail.length < 300)
  })

  for (const [what, headers, ms] of [
    ['of the header, whatever its case', ['x-timeout-MS', '500'], 500],
    ['by default', ['x-timeout', '500'], 10_000],
  ] as const) {
    it(`takes the value ${what}`, () => assert.equal(clientBudgetMs(requestOf({ headers }), byHeader), ms))
  }

  for (const headers of [
    ['x-timeout-ms', ''],
    ['x-timeout-ms', '500, 600'],
    ['x-timeout-ms', '500', 'X-Timeout-Ms', '500'],
  ]) {
    it(`refuses the header ${JSON.stringify(headers)} and names it`, () => {
      const refused = clientBudgetMs(requestOf({ headers }), byHeader)
      assert.ok(typeof refused !== 'number')
      assert.match(refused.detail, /^The header "X-Timeout-Ms" is .*from 10 to 60000$/)
    })
  }

  it('requires a value if configured, and describes it', () => {
    const options = optionsOf({ from: { query: 'timeout' }, required: true })
    const refused = clientBudgetMs(requestOf(), options)
    assert.ok(typeof refused !== 'number')
    assert.equal(refused.code, 'BAD_TIMEOUT')
    assert.equal(
      refused.detail,
      'The query parameter "timeout" is required: a whole number of milliseconds from 1 to 60000',
    )
    assert.equal(clientBudgetMs(requestOf({ query: 'timeout=1' }), options), 1)
  })

  it('reads no field that the route does not name', () => {
    assert.equal(clientBudgetMs(requestOf({ query: 'timeout=abc' }), optionsOf('5s')), 5000)
  })
})
