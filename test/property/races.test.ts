import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { BodySink, BodyStream } from '../../src/core/body.ts'
import { type Failure, failure } from '../../src/core/failure.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { Layer, Service } from '../../src/core/service.ts'
import { ActiveBudget } from '../../src/kit/budgets.ts'
import type { Clock } from '../../src/kit/clock.ts'
import { seededRandom } from '../../src/kit/random.ts'
import { deadline } from '../../src/layers/deadline/deadline.ts'
import { deadlineOptions, resolveDeadline, usualDeadlineMs } from '../../src/layers/deadline/options.ts'
import { retryOptions } from '../../src/layers/retry/options.ts'
import { retry } from '../../src/layers/retry/retry.ts'
import { all } from '../../src/strategies/all/all.ts'
import { first } from '../../src/strategies/first/first.ts'
import { hedge } from '../../src/strategies/hedge/hedge.ts'
import { hedgeOptions } from '../../src/strategies/hedge/options.ts'
import { quorum } from '../../src/strategies/quorum/quorum.ts'
import { balance } from '../../src/upstream/balance/balance.ts'
import { allOf } from '../../src/upstream/balance/rotation.ts'
import { roundRobin } from '../../src/upstream/balance/round-robin.ts'
import { callOf, codeOf, requestOf, targetOf, type Watched, watch } from '../kit/calls.ts'
import { FakeUpstream, type Script } from '../kit/fake-upstream.ts'
import { settled, VirtualClock } from '../kit/virtual-clock.ts'
import {
  type Ends,
  type Expected,
  expectedOfAll,
  expectedOfFirst,
  expectedOfHedge,
  expectedOfQuorum,
  type Fate,
} from './race-oracle.ts'

function optionsOf(input: unknown) {
  return resolveDeadline(deadlineOptions.parse(input), usualDeadlineMs)
}

const numRuns = 400

/** Duration of a stream after its head. */
const streamMs = 5000

/** The scenario of one call. */
interface Scenario {
  readonly fates: readonly Fate[]
  readonly ends: Ends
  readonly targetCount: number
}

/** Expected outcome, and expected send times of the attempts. */
interface Oracle {
  readonly expected: Expected
  readonly sentMs: readonly number[]
}

/**
 * Each outcome and each end of the call has its own binary fraction of a millisecond, so that no two sums of them are
 * equal: nothing coincides by accident, and the oracle needs no rules for ties. All sums stay exact.
 */
function fraction(place: number): number {
  return 2 ** -(place + 2)
}

function scenarios(count: number, options: { readonly streams: boolean }): fc.Arbitrary<Scenario> {
  const kinds = options.streams
    ? (['good', 'stream', 'failure', 'nothing'] as const)
    : (['good', 'failure', 'nothing'] as const)
  const fate = fc.record({
    tookMs: fc.nat(120),
    comesTo: fc.oneof(fc.constantFrom(...kinds), fc.constantFrom('good' as const, 'failure' as const)),
    body: fc.constantFrom('1', '2', '3'),
  })
  const end = fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined })
  return fc.record({
    fates: fc
      .array(fate, { minLength: count, maxLength: count })
      .map((fates) => fates.map((one, place) => Object.assign(one, { place, tookMs: one.tookMs + fraction(place) }))),
    ends: fc.record({ deadline: end, gone: end }).map(({ deadline = 1000, gone }) => ({
      deadlineMs: deadline + fraction(20),
      goneMs: gone === undefined ? Number.POSITIVE_INFINITY : gone + fraction(21),
    })),
    targetCount: fc.integer({ min: 1, max: 5 }),
  })
}

function scriptOf({ tookMs, comesTo, body }: Fate): Script {
  if (comesTo === 'nothing') return { afterMs: 0, hangs: true }
  if (comesTo === 'failure') return { afterMs: tookMs, fails: 'UPSTREAM_RESET' }
  return comesTo === 'stream' ? { afterMs: tookMs, body, bodyAfterMs: streamMs } : { afterMs: tookMs, body }
}

/** The running call: `deadline(strategy(balance(upstream)))`, in virtual time. */
function start({ fates, ends, targetCount }: Scenario, strategy: (clock: Clock) => Layer) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, fates.map(scriptOf))
  const targets = Array.from({ length: targetCount }, (_, i) => targetOf(`t${i}`))
  const options = { ...optionsOf('1s'), default: ends.deadlineMs }
  const balanced = balance(roundRobin(allOf(targets)), 'work')(upstream.service)
  const service = deadline(options, clock)(strategy(clock)(balanced))
  const { call, events } = callOf(clock)
  let answers = 0
  const promise = service(requestOf(), call).finally(() => answers++)
  return { clock, upstream, call, events, answer: watch(promise, clock), answerCount: () => answers }
}

type Run = ReturnType<typeof start>

/** Plays a scenario up to its answer, checks the answer and the invariants at that moment, then plays the rest. */
async function check(scenario: Scenario, strategy: (clock: Clock) => Layer, oracle: Oracle): Promise<void> {
  const { ends, targetCount } = scenario
  const run = start(scenario, strategy)
  const { clock, upstream, call, answer } = run
  while (answer.outcome === undefined && clock.now() < Math.min(ends.deadlineMs, ends.goneMs)) {
    const nextMs = Math.min(clock.nextDueMs ?? ends.deadlineMs, ends.goneMs)
    await clock.advance(nextMs - clock.now())
    if (nextMs === ends.goneMs) call.abort(failure('CLIENT_GONE', 'gone'))
    await settled()
  }

  assert.equal(answer.settledMs, oracle.expected.atMs, 'the moment of the answer')
  assert.ok((answer.settledMs ?? Number.NaN) <= ends.deadlineMs, 'never after the deadline')
  checkOutcome(run, oracle.expected)
  assert.deepEqual(
    upstream.seen.map(({ sentMs }) => sentMs),
    oracle.sentMs,
    'the times at which attempts went out',
  )
  checkLosers(run)
  const targets = call.attempts.slice(0, targetCount).map(({ target }) => target.name)
  assert.equal(new Set(targets).size, targets.length, 'different targets while there are any')

  const sent = upstream.seen.length
  await clock.runAll()
  assert.equal(run.answerCount(), 1, 'exactly one answer')
  assert.equal(upstream.seen.length, sent, 'nothing sent after the answer')
  assert.equal(upstream.openCount, 0, 'nothing open at the end')
}

function checkOutcome({ answer, upstream }: Run, expected: Expected): void {
  const { outcome } = answer
  if (!expected.ok) {
    assert.equal(outcome?.ok, false)
    const code = codeOf(outcome)
    if (expected.because === 'attempts') assert.match(String(code), /^(?:UPSTREAM_RESET|QUORUM_FAILED)$/)
    else assert.equal(code, expected.because)
    return
  }
  assert.equal(codeOf(outcome), 'ok')
  const attempt = outcome?.ok === true ? outcome.response.attempt : undefined
  const winner = upstream.seen.findIndex(({ request }) => attempt !== undefined && request.attempt === attempt)
  if (expected.by.length === 0) assert.equal(winner, -1, 'an answer of the gateway itself')
  else assert.ok(expected.by.includes(winner), `the answer is that of ${winner}, not of ${expected.by.join(' or ')}`)
  if (!isStreaming(outcome)) assert.equal(bodyOf(outcome), expected.body)
}

/** After the answer no exchange is open, except a winner that still streams, and no timer is pending. */
function checkLosers({ clock, upstream, answer }: Run): void {
  const open = upstream.seen.filter(({ endedMs }) => endedMs === undefined)
  assert.ok(open.length <= (isStreaming(answer.outcome) ? 1 : 0), `${open.length} open after the answer`)
  assert.equal(clock.pendingCount, open.length, 'timers left')
  for (const exchange of open) assert.equal(exchange.outcome, answer.outcome, 'the winner is what is left open')
}

function isStreaming(outcome: Outcome | undefined): boolean {
  return outcome?.ok === true && outcome.response.body !== undefined && !(outcome.response.body instanceof Uint8Array)
}

function bodyOf(outcome: Outcome | undefined): string {
  return outcome?.ok === true ? Buffer.from(outcome.response.body as Uint8Array).toString() : ''
}

/** Sends all at once. */
function atOnce(expected: Expected, count: number): Oracle {
  return { expected, sentMs: Array.from({ length: count }, () => 0) }
}

const counts = fc.integer({ min: 1, max: 6 })

describe('races, compared with a naive oracle', () => {
  it('first returns the first good answer, or the first one to end', async () => {
    const arbitrary = fc.record({
      settle: fc.constantFrom('success', 'response'),
      scenario: counts.chain((count) => scenarios(count, { streams: true })),
    })
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ settle, scenario }) => {
        const calls = scenario.fates.length
        const oracle = atOnce(expectedOfFirst(scenario.fates, settle, scenario.ends), calls)
        await check(scenario, (clock) => first({ calls, settle }, clock), oracle)
      }),
      { numRuns },
    )
  })

  it('all merges the answers and tolerates missing ones, in the order of the calls', async () => {
    const arbitrary = fc.record({
      tolerate: fc.constantFrom('none', 'failures', 'lateness'),
      scenario: counts.chain((count) => scenarios(count, { streams: false })),
    })
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ tolerate, scenario }) => {
        const calls = scenario.fates.length
        const oracle = atOnce(expectedOfAll(scenario.fates, tolerate, scenario.ends), calls)
        await check(scenario, (clock) => all({ calls, tolerate }, clock), oracle)
      }),
      { numRuns },
    )
  })

  it('quorum answers as soon as enough agree, and fails as soon as they cannot', async () => {
    const arbitrary = counts.chain((count) =>
      fc.record({ need: fc.integer({ min: 1, max: count }), scenario: scenarios(count, { streams: false }) }),
    )
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ need, scenario }) => {
        const of = scenario.fates.length
        const oracle = atOnce(expectedOfQuorum(scenario.fates, need, scenario.ends), of)
        await check(scenario, (clock) => quorum({ of, need, ignore: [] }, clock), oracle)
      }),
      { numRuns },
    )
  })

  it('hedge sends its extras when they are due and returns the first good answer of all', async () => {
    const rules = fc.record({
      afterMs: fc.nat(100),
      extra: fc.integer({ min: 1, max: 5 }),
      spacingMs: fc.constantFrom(0, 0, 1, 15, 60),
      first: fc.constantFrom('keep', 'drop'),
    })
    const arbitrary = rules.chain((rules) =>
      fc.record({ rules: fc.constant(rules), scenario: scenarios(rules.extra + 1, { streams: true }) }),
    )
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ rules, scenario }) => {
        const { afterMs, extra, spacingMs, first } = rules
        const options = {
          ...hedgeOptions.parse({ upstream: 'work', extra, first, budget: 'unlimited' }),
          after: afterMs,
          spacing: spacingMs,
        }
        await check(scenario, (clock) => hedge(options, clock), expectedOfHedge(scenario.fates, rules, scenario.ends))
      }),
      { numRuns },
    )
  })
})

/** Here events may coincide, and a client may leave at any moment: checks the invariants only. */
describe('races with coinciding events', () => {
  const fate = fc.record({
    tookMs: fc.nat(12),
    comesTo: fc.constantFrom('good' as const, 'stream' as const, 'failure' as const, 'nothing' as const),
    body: fc.constantFrom('1', '2'),
  })
  const strategy = fc.oneof(
    fc.record({
      name: fc.constant('first' as const),
      settle: fc.constantFrom('success' as const, 'response' as const),
    }),
    fc.record({
      name: fc.constant('all' as const),
      tolerate: fc.constantFrom('none' as const, 'failures' as const, 'lateness' as const),
    }),
    fc.record({ name: fc.constant('quorum' as const), need: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      name: fc.constant('hedge' as const),
      after: fc.nat(8),
      spacing: fc.nat(3),
      first: fc.constantFrom('keep' as const, 'drop' as const),
      budget: fc.constantFrom('unlimited' as const, 0, 0.2),
    }),
  )
  type Chosen = typeof strategy extends fc.Arbitrary<infer T> ? T : never

  function layerOf(chosen: Chosen, calls: number, clock: Clock): Layer {
    if (chosen.name === 'first') return first({ calls, settle: chosen.settle }, clock)
    if (chosen.name === 'all') return all({ calls, tolerate: chosen.tolerate }, clock)
    if (chosen.name === 'quorum') return quorum({ of: calls, need: Math.min(chosen.need, calls), ignore: [] }, clock)
    const { after, spacing, first: whatOfFirst, budget } = chosen
    return hedge({ after, spacing, first: whatOfFirst, budget, extra: calls - 1, unsafe: 'refuse' }, clock)
  }

  const arbitrary = fc.record({
    chosen: strategy,
    fates: fc.array(fate, { minLength: 1, maxLength: 6 }),
    deadlineMs: fc.integer({ min: 1, max: 16 }),
    goneMs: fc.option(fc.nat(16), { nil: undefined }),
  })

  it('return one answer in time, leave no attempt running, and never send too many', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ chosen, fates, deadlineMs, goneMs = Number.POSITIVE_INFINITY }) => {
        const streams = chosen.name === 'first' || chosen.name === 'hedge'
        const scenario: Scenario = {
          fates: fates.map(({ tookMs, comesTo, body }, place) => {
            return { place, tookMs, body, comesTo: comesTo === 'stream' && !streams ? 'good' : comesTo }
          }),
          ends: { deadlineMs, goneMs },
          targetCount: 3,
        }
        const run = start(scenario, (clock) => layerOf(chosen, fates.length, clock))
        const { clock, upstream, call, answer } = run
        if (goneMs <= deadlineMs) {
          await clock.advance(goneMs)
          call.abort(failure('CLIENT_GONE', 'gone'))
          await settled()
          assert.notEqual(answer.outcome, undefined, 'settled as soon as the client has gone')
          assert.equal(upstream.openCount, 0)
          assert.equal(clock.pendingCount, 0)
        }
        await clock.advance(deadlineMs - clock.now())
        assert.ok((answer.settledMs ?? Number.NaN) <= Math.min(deadlineMs, goneMs), `settled at ${answer.settledMs}`)
        assert.ok(upstream.seen.length <= fates.length, `${upstream.seen.length} sent`)
        checkLosers(run)
        await clock.runAll()
        assert.deepEqual([run.answerCount(), upstream.openCount, clock.pendingCount], [1, 0, 0])
      }),
      { numRuns: 1500 },
    )
  })

  it('leave nothing open when the client leaves while the winner streams, and fail its reader', async () => {
    const rules = {
      after: 3,
      spacing: 0,
      first: 'keep' as const,
      budget: 'unlimited' as const,
      unsafe: 'refuse' as const,
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }), fc.nat(40), async (latencies, laterMs) => {
        const fates = latencies.map((tookMs, place): Fate => ({ place, tookMs, comesTo: 'stream', body: 'x' }))
        const ends = { deadlineMs: 100, goneMs: Number.POSITIVE_INFINITY }
        const run = start({ fates, ends, targetCount: 2 }, (clock) =>
          hedge({ ...rules, extra: fates.length - 1 }, clock),
        )
        const { clock, upstream, call, answer } = run
        await clock.advance(20)
        assert.equal(upstream.openCount, 1)
        let told: string | undefined
        const fail = ({ code }: Failure): void => {
          told = code
        }
        const sink: BodySink = { write: () => true, end: () => {}, fail }
        if (answer.outcome?.ok === true) (answer.outcome.response.body as BodyStream).pipe(sink)
        await clock.advance(laterMs)
        call.abort(failure('CLIENT_GONE', 'gone'))
        await settled()
        assert.deepEqual([told, upstream.openCount, clock.pendingCount], ['CLIENT_GONE', 0, 0])
      }),
      { numRuns: 100 },
    )
  })
})

describe('retries of many calls', () => {
  const tried = fc.record({
    atMs: fc.nat(60),
    idempotent: fc.boolean(),
    goneMs: fc.option(fc.nat(60), { nil: undefined }),
    fates: fc.array(
      fc.record({
        place: fc.constant(0),
        tookMs: fc.nat(30),
        comesTo: fc.constantFrom('good' as const, 'failure' as const, 'failure' as const, 'nothing' as const),
        body: fc.constant('1'),
      }),
      { minLength: 4, maxLength: 4 },
    ),
  })
  const options = fc.record({ attempts: fc.integer({ min: 2, max: 4 }), floor: fc.nat(3) })

  it('end in time with one answer each, never overdraw their budget, and refund it', async () => {
    await fc.assert(
      fc.asyncProperty(options, fc.array(tried, { maxLength: 15 }), fc.integer(), async (options, calls, seed) => {
        const clock = new VirtualClock()
        const budget = new ActiveBudget({ share: 0, floor: options.floor })
        const rules = { ...retryOptions.parse({ backoff: { base: '8ms', max: '16ms' } }), attempts: options.attempts }
        const deps = { clock, random: seededRandom(seed), budget, statusCounts: () => true }
        const layer = retry(rules, deps)
        const outer = deadline(optionsOf('80ms'), clock)
        const served: { readonly answer: Watched; readonly upstream: FakeUpstream; readonly overMs: number }[] = []
        let retries = 0
        const counted = (upstream: FakeUpstream): Service => {
          return async (request, call) => {
            const extra = call.kind === 'retry' ? 1 : 0
            retries += extra
            assert.ok(retries <= options.floor, `${retries} retries at once`)
            const outcome = await upstream.service(request, call)
            retries -= extra
            return outcome
          }
        }
        for (const { atMs, idempotent, goneMs, fates } of calls) {
          clock.after(atMs, () => {
            const upstream = new FakeUpstream(clock, fates.map(scriptOf))
            const { call } = callOf(clock)
            const request = requestOf({ method: idempotent ? 'GET' : 'POST' })
            const answer = watch(outer(layer(counted(upstream)))(request, call), clock)
            served.push({ answer, upstream, overMs: clock.now() + Math.min(80, goneMs ?? 80) })
            if (goneMs !== undefined) clock.after(goneMs, () => call.abort(failure('CLIENT_GONE', 'gone')))
          })
        }
        await clock.runAll()
        assert.equal(served.length, calls.length)
        for (const { answer, upstream, overMs } of served) {
          assert.ok((answer.settledMs ?? Number.NaN) <= overMs, `${answer.settledMs}, but over at ${overMs}`)
          assert.ok(upstream.seen.length <= options.attempts, `${upstream.seen.length} attempts`)
          assert.equal(upstream.openCount, 0)
        }
        assert.deepEqual([budget.extraInFlight, retries, clock.pendingCount], [0, 0, 0])
      }),
      { numRuns: 300 },
    )
  })
})

describe('the budget of many hedged calls', () => {
  const floor = 3

  interface Sent {
    readonly atMs: number
    readonly fates: readonly Fate[]
    readonly goneMs: number | undefined
  }

  const one: fc.Arbitrary<Sent> = fc.record({
    atMs: fc.nat(60),
    fates: fc.array(
      fc.record({
        place: fc.constant(0),
        tookMs: fc.nat(40),
        comesTo: fc.constantFrom('good' as const, 'stream' as const, 'failure' as const, 'nothing' as const),
        body: fc.constant('1'),
      }),
      { minLength: 3, maxLength: 3 },
    ),
    goneMs: fc.option(fc.nat(50), { nil: undefined }),
  })

  it('is never overdrawn, and returns to its initial value', async () => {
    const arbitrary = fc.record({
      percent: fc.constantFrom(0, 10, 20, 50, 100),
      calls: fc.array(one, { maxLength: 25 }),
    })
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ percent, calls }) => {
        const clock = new VirtualClock()
        const rules = hedgeOptions.parse({ upstream: 'work', after: '10ms', extra: 2, budget: `${percent}%` })
        const layer = deadlined(hedge(rules, clock), clock)
        let inFlight = 0
        let beyondFloor = 0
        let started = 0

        const serve = (sent: Pick<Sent, 'fates' | 'goneMs'>) => {
          const upstream = new FakeUpstream(clock, sent.fates.map(scriptOf))
          const { call, events } = callOf(clock)
          let extras = 0
          started++
          const promise = layer((request, fork) => {
            if (fork.kind === 'hedge') {
              extras++
              if (inFlight >= floor) beyondFloor++
              inFlight++
              assert.ok(beyondFloor * 100 <= percent * started, `${beyondFloor} beyond the floor, ${started} calls`)
            }
            return upstream.service(request, fork)
          })(requestOf(), call)
          const answer = watch(promise, clock)
          void promise.then(() => {
            inFlight -= extras
          })
          if (sent.goneMs !== undefined) clock.after(sent.goneMs, () => call.abort(failure('CLIENT_GONE', 'gone')))
          return { answer, events, upstream }
        }

        const served: ReturnType<typeof serve>[] = []
        for (const sent of calls) clock.after(sent.atMs, () => served.push(serve(sent)))
        await clock.runAll()
        assert.equal(served.length, calls.length)
        assert.ok(served.every(({ answer, upstream }) => answer.outcome !== undefined && upstream.openCount === 0))
        assert.equal(inFlight, 0)

        // All grants have been returned: the floor is full again, however low the balance is.
        const hanging = Array.from(
          { length: 3 },
          (_, place): Fate => ({ place, tookMs: 0, comesTo: 'nothing', body: '' }),
        )
        const again = Array.from({ length: 2 }, () => serve({ fates: hanging, goneMs: undefined }))
        await clock.advance(20)
        const extras = again.reduce((sum, { upstream }) => sum + upstream.seen.length - 1, 0)
        assert.ok(extras >= floor, `${extras} extras`)
        await clock.runAll()
        assert.equal(clock.pendingCount, 0)
      }),
      { numRuns: 300 },
    )
  })

  function deadlined(layer: Layer, clock: Clock): Layer {
    const outer = deadline(optionsOf('80ms'), clock)
    return (next) => outer(layer(next))
  }
})
