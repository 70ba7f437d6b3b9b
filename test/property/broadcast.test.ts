import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Deliveries } from '../../src/broadcast/deliveries.ts'
import type { DeliveryRoute } from '../../src/broadcast/delivery-route.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { seededRandom } from '../../src/kit/random.ts'
import type { DeliveryStore, NewDelivery, StoredLeg } from '../../src/store/delivery-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { targetOf } from '../kit/calls.ts'
import { FakeUpstream, type Script } from '../kit/fake-upstream.ts'
import { given } from '../kit/results.ts'
import { resume } from '../kit/resume.ts'
import { VirtualClock } from '../kit/virtual-clock.ts'

const targets = ['a', 'b'].map((name) => targetOf(name))
const allowedAttempts = 4

interface Attempted {
  readonly target: string
  readonly write: number
  readonly life: number
  readonly sentMs: number
  /** Concurrency limit of the target at send time. */
  readonly allowed: number
  endedMs: number
  ok: boolean
}

interface Plan {
  /** The lane of each write; -1 = none. */
  readonly lanes: readonly number[]
  /** Milliseconds before the next write. */
  readonly gaps: readonly number[]
  /** Outcomes of the attempts, in turn. */
  readonly scripts: readonly Script[]
  /** Time from the start of each life to its crash; the last life has no crash. */
  readonly lives: readonly number[]
  readonly concurrency: number
  /** Reloads in turn, each `gapMs` after the previous one; a life starts with the configuration in force. */
  readonly reloads: readonly Reload[]
  /** Replays of dead letters: which write, and the time since the previous replay. */
  readonly replays: readonly { readonly gapMs: number; readonly write: number }[]
}

/** Another configuration. */
interface Reload {
  readonly gapMs: number
  /** Empty if the route is removed. */
  readonly targets: readonly string[]
  readonly upstream: string
  readonly attempts: number
  readonly concurrency: number
}

const scriptArbitrary: fc.Arbitrary<Script> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ afterMs: fc.nat(200), status: fc.constant(201) }) },
  { weight: 2, arbitrary: fc.record({ afterMs: fc.nat(200), fails: fc.constant('UPSTREAM_STATUS' as const) }) },
)

const planArbitrary: fc.Arbitrary<Plan> = fc.record({
  lanes: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 1, maxLength: 12 }),
  gaps: fc.array(fc.nat(150), { minLength: 12, maxLength: 12 }),
  scripts: fc.array(scriptArbitrary, { minLength: 1, maxLength: 20 }),
  lives: fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 3 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  reloads: fc.array(
    fc.record({
      gapMs: fc.nat(600),
      targets: fc.constantFrom(['a', 'b'], ['a', 'b'], ['a'], ['b', 'a'], []),
      upstream: fc.constantFrom('work', 'work', 'other'),
      attempts: fc.integer({ min: 1, max: allowedAttempts }),
      concurrency: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 6 },
  ),
  replays: fc.constant([]),
})

const replayingPlanArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    plan: planArbitrary,
    replays: fc.array(fc.record({ gapMs: fc.nat(400), write: fc.nat(11) }), { minLength: 1, maxLength: 8 }),
  })
  .map(withReplays)

function newDelivery(write: number, lane: number): NewDelivery {
  const leg = ({ name }: { name: string }): StoredLeg => ({
    target: name,
    state: 'pending',
    attempts: 0,
    nextAttemptAt: undefined,
    waitMs: undefined,
    outcome: undefined,
    status: undefined,
    detail: undefined,
  })
  return {
    id: `write-${write}`,
    route: 'POST /register',
    lane: lane < 0 ? undefined : String(lane),
    idempotencyKey: undefined,
    fingerprint: '',
    createdAt: 0,
    request: { method: 'POST', path: `/${write}`, query: '', headers: [], body: undefined },
    legs: targets.map(leg),
  }
}

function withReplays({ plan, replays }: { plan: Plan; replays: Plan['replays'] }): Plan {
  return { ...plan, replays }
}

/** The configuration in force at a time: the first one, or the last one loaded by then. */
class Configuration {
  readonly #plan: Plan
  #loaded = 0
  #nextAtMs: number

  constructor(plan: Plan) {
    this.#plan = plan
    this.#nextAtMs = plan.reloads[0]?.gapMs ?? Number.POSITIVE_INFINITY
  }

  get current(): Omit<Reload, 'gapMs'> {
    const first = { targets: ['a', 'b'], upstream: 'work', attempts: allowedAttempts }
    return this.#plan.reloads[this.#loaded - 1] ?? { ...first, concurrency: this.#plan.concurrency }
  }

  /** Time of the next reload, over all lives. */
  get nextAtMs(): number {
    return this.#nextAtMs
  }

  load(): void {
    this.#loaded++
    this.#nextAtMs += this.#plan.reloads[this.#loaded]?.gapMs ?? Number.POSITIVE_INFINITY
  }
}

/** One run of the gateway over a store that outlives it. A crash means that its clock never moves again. */
class Life {
  readonly clock = new VirtualClock()
  readonly deliveries: Deliveries
  readonly #life: number
  readonly #atMs: number
  readonly #attempts: Attempted[]
  readonly #upstream: FakeUpstream
  readonly #configuration: Configuration

  constructor(
    life: number,
    plan: Plan,
    store: DeliveryStore,
    attempts: Attempted[],
    config: Configuration,
    atMs: number,
  ) {
    this.#life = life
    this.#atMs = atMs
    this.#attempts = attempts
    this.#configuration = config
    let sent = 0
    this.#upstream = new FakeUpstream(this.clock, () => plan.scripts[(sent++ + life) % plan.scripts.length])
    this.deliveries = new Deliveries({
      store,
      clock: this.clock,
      random: seededRandom(life),
      events: new EventBus(),
      reportBug: (error) => {
        throw error
      },
      retentionMs: 1e12,
    })
  }

  get nowMs(): number {
    return this.#atMs + this.clock.now()
  }

  configure(): void {
    const { targets: names, upstream, attempts: allowed, concurrency } = this.#configuration.current
    const route: DeliveryRoute = {
      name: 'POST /register',
      upstream,
      targets: targets.filter(({ name }) => names.includes(name)),
      attempts: allowed,
      attemptTimeoutMs: 10_000,
      schedule: { baseMs: 50, maxMs: 400, jitterMs: 20 },
      concurrency,
      statuses: undefined,
      send: async (request, call) => {
        const attempt: Attempted = {
          target: request.attempt?.target.name ?? '',
          write: Number(request.path.slice(1)),
          life: this.#life,
          sentMs: this.nowMs,
          allowed: concurrency,
          endedMs: Number.POSITIVE_INFINITY,
          ok: false,
        }
        this.#attempts.push(attempt)
        const outcome = await this.#upstream.service(request, call)
        attempt.endedMs = this.nowMs
        attempt.ok = outcome.ok
        return outcome
      },
    }
    this.deliveries.reconfigure(names.length === 0 ? [] : [route])
  }
}

/** Moves time through all lives, and runs reloads and replays when they are due. */
async function run(plan: Plan) {
  const store = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
  const attempts: Attempted[] = []
  const config = new Configuration(plan)
  let atMs = 0
  let write = 0
  let replayed = 0
  let writeAtMs = plan.gaps[0] as number
  let replayAtMs = plan.replays[0]?.gapMs ?? Number.POSITIVE_INFINITY
  for (const [number, lifeMs] of [...plan.lives, Number.POSITIVE_INFINITY].entries()) {
    const life = new Life(number, plan, store, attempts, config, atMs)
    const endMs = atMs + lifeMs
    life.configure()
    await resume(life.deliveries, store)
    for (;;) {
      const nextMs = Math.min(writeAtMs, config.nextAtMs, replayAtMs, endMs)
      if (nextMs === Number.POSITIVE_INFINITY) break
      await life.clock.advance(nextMs - life.nowMs)
      if (nextMs === endMs) break
      if (nextMs === config.nextAtMs) {
        config.load()
        life.configure()
      } else if (nextMs === replayAtMs) {
        await life.deliveries.operator.operate(`write-${plan.replays[replayed]?.write}`, 'replay')
        replayAtMs += plan.replays[++replayed]?.gapMs ?? Number.POSITIVE_INFINITY
      } else {
        const delivery = newDelivery(write, plan.lanes[write] as number)
        const result = await store.insert(delivery)
        assert.ok(result.kind === 'inserted')
        life.deliveries.begin(delivery, result.sequence)
        write++
        writeAtMs = write < plan.lanes.length ? writeAtMs + (plan.gaps[write] as number) : Number.POSITIVE_INFINITY
      }
    }
    if (endMs === Number.POSITIVE_INFINITY) {
      await life.clock.advance(120_000)
      assert.equal(life.deliveries.pendingCount, 0)
    }
    atMs = life.nowMs
  }
  return { store, attempts }
}

describe('deliveries, whatever the targets do and whenever the gateway crashes or reloads', () => {
  it('reach every target or become dead letters, none lost', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { store, attempts } = await run(plan)
        for (let write = 0; write < plan.lanes.length; write++) {
          const stored = given(await store.find(`write-${write}`))
          assert.ok(stored !== undefined && 'legs' in stored)
          for (const { target, state, attempts: counted } of stored.legs) {
            const made = attempts.filter((one) => one.write === write && one.target === target)
            assert.equal(state, made.some(({ ok }) => ok) ? 'acknowledged' : 'dead')
            assert.ok(counted <= allowedAttempts)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('are never sent to a target again after their acknowledgement was recorded', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { attempts } = await run(plan)
        for (const { target, write, ok, life } of attempts) {
          // The memory store records at once, so within a life every acknowledged leg is recorded.
          if (!ok) continue
          const later = attempts.filter((one) => one.target === target && one.write === write && one.life === life)
          assert.equal(later.filter((one) => one.ok).length, 1)
          assert.equal(later.at(-1)?.ok, true)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('keep their lane: one at a time at each target, in order of acceptance', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { attempts } = await run(plan)
        for (const lane of [0, 1, 2]) {
          for (const { name } of targets) {
            const own = attempts.filter(({ write, target }) => plan.lanes[write] === lane && target === name)
            for (const [place, attempt] of own.entries()) {
              const before = own.slice(0, place).filter(({ life }) => life === attempt.life)
              assert.ok(
                before.every(({ endedMs }) => endedMs <= attempt.sentMs),
                'two are in flight',
              )
              assert.ok(
                own.slice(0, place).every(({ write }) => write <= attempt.write),
                'an earlier one comes behind a later',
              )
            }
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('never exceed the concurrency limit of a target', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { attempts } = await run(plan)
        for (const [place, { target, life, sentMs, allowed }] of attempts.entries()) {
          // Later ones of the same millisecond may be sent under another limit.
          const together = attempts
            .slice(0, place + 1)
            .filter((one) => one.target === target && one.life === life && one.sentMs <= sentMs && one.endedMs > sentMs)
          assert.ok(together.length <= allowed)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('die only by their last attempt or because their target was removed', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { store } = await run(plan)
        const fewest = Math.min(allowedAttempts, ...plan.reloads.map(({ attempts: allowed }) => allowed))
        for (let write = 0; write < plan.lanes.length; write++) {
          const stored = given(await store.find(`write-${write}`))
          assert.ok(stored !== undefined && 'legs' in stored)
          for (const { state, attempts, detail } of stored.legs) {
            if (state === 'dead' && !/no longer configured/.test(detail ?? '')) assert.ok(attempts >= fewest)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('are sent one at a time per lane, and all end, even if dead ones are replayed', async () => {
    await fc.assert(
      fc.asyncProperty(replayingPlanArbitrary, async (plan) => {
        const { attempts } = await run(plan)
        for (const { target, write, life, sentMs } of attempts) {
          const lane = plan.lanes[write] as number
          if (lane < 0) continue
          const together = attempts.filter(
            (one) =>
              one.target === target &&
              plan.lanes[one.write] === lane &&
              one.life === life &&
              one.sentMs <= sentMs &&
              one.endedMs > sentMs,
          )
          assert.ok(together.length <= 1)
        }
      }),
      { numRuns: 150 },
    )
  })
})
