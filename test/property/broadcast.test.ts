import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Deliveries } from '../../src/flows/broadcast/deliveries.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { seededRandom } from '../../src/kit/random.ts'
import type { DeliveryStore, NewDelivery, StoredLeg } from '../../src/store/delivery-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { targetOf } from '../kit/calls.ts'
import { FakeUpstream, type Script } from '../kit/fake-upstream.ts'
import { VirtualClock } from '../kit/virtual-clock.ts'

const targets = ['a', 'b'].map((name) => targetOf(name))
const allowedAttempts = 4

interface Attempted {
  readonly target: string
  readonly write: number
  readonly life: number
  readonly sentMs: number
  endedMs: number
  ok: boolean
}

interface Plan {
  /** The lane of each write; -1 = none. */
  readonly lanes: readonly number[]
  /** Milliseconds before the next write. */
  readonly gaps: readonly number[]
  /** What attempts come to, in turn. */
  readonly scripts: readonly Script[]
  /** After how long each life ends in a crash; the last one lives. */
  readonly lives: readonly number[]
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
})

function newDelivery(write: number, lane: number): NewDelivery {
  const leg = ({ name }: { name: string }): StoredLeg => ({
    target: name,
    state: 'pending',
    attempts: 0,
    nextAttemptAt: undefined,
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

/** One run of the gateway over a store that outlives it. A crash is that its clock is never moved again. */
function startLife(life: number, plan: Plan, store: DeliveryStore, attempts: Attempted[], atMs: number) {
  const clock = new VirtualClock()
  let sent = 0
  const upstream = new FakeUpstream(clock, () => plan.scripts[(sent++ + life) % plan.scripts.length])
  const deliveries = new Deliveries({
    store,
    clock,
    random: seededRandom(life),
    events: new EventBus(),
    logFault: (fault) => {
      throw fault
    },
    retentionMs: 1e12,
  })
  deliveries.addRoute({
    name: 'POST /register',
    upstream: 'work',
    targets,
    attempts: allowedAttempts,
    attemptTimeoutMs: 10_000,
    schedule: { baseMs: 50, maxMs: 400, jitterMs: 20 },
    concurrency: plan.concurrency,
    send: async (request, call) => {
      const attempt: Attempted = {
        target: request.attempt?.target.name ?? '',
        write: Number(request.path.slice(1)),
        life,
        sentMs: atMs + clock.now(),
        endedMs: Number.POSITIVE_INFINITY,
        ok: false,
      }
      attempts.push(attempt)
      const outcome = await upstream.service(request, call)
      attempt.endedMs = atMs + clock.now()
      attempt.ok = outcome.ok
      return outcome
    },
  })
  return { clock, deliveries }
}

async function run(plan: Plan) {
  const store = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
  const attempts: Attempted[] = []
  let atMs = 0
  let write = 0
  const lifeEnds = [...plan.lives, Number.POSITIVE_INFINITY]
  for (const [life, endMs] of lifeEnds.entries()) {
    const { clock, deliveries } = startLife(life, plan, store, attempts, atMs)
    assert.equal(await deliveries.resume(), undefined)
    while (write < plan.lanes.length && clock.now() + (plan.gaps[write] as number) < endMs) {
      await clock.advance(plan.gaps[write] as number)
      const delivery = newDelivery(write, plan.lanes[write] as number)
      const result = await store.insert(delivery)
      assert.ok(result.kind === 'inserted')
      deliveries.begin(delivery, result.sequence)
      write++
    }
    await clock.advance(endMs === Number.POSITIVE_INFINITY ? 120_000 : Math.max(0, endMs - clock.now()))
    atMs += clock.now()
    if (endMs === Number.POSITIVE_INFINITY) assert.equal(deliveries.pendingCount, 0)
  }
  return { store, attempts }
}

describe('deliveries, whatever the targets do and whenever the gateway crashes', () => {
  it('reach every target or become dead letters, none lost', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { store, attempts } = await run(plan)
        for (let write = 0; write < plan.lanes.length; write++) {
          const stored = await store.find(`write-${write}`)
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
          // The memory store records at once, so within a life what was answered is recorded.
          if (!ok) continue
          const later = attempts.filter((one) => one.target === target && one.write === write && one.life === life)
          assert.equal(later.filter((one) => one.ok).length, 1)
          assert.equal(later.at(-1)?.ok, true)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('keep their lane: one at a time at each target, in the order of their acceptance', async () => {
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

  it('are no more at a target at the same time than it is allowed', async () => {
    await fc.assert(
      fc.asyncProperty(planArbitrary, async (plan) => {
        const { attempts } = await run(plan)
        for (const { target, life, sentMs } of attempts) {
          const together = attempts.filter(
            (one) => one.target === target && one.life === life && one.sentMs <= sentMs && one.endedMs > sentMs,
          )
          assert.ok(together.length <= plan.concurrency)
        }
      }),
      { numRuns: 100 },
    )
  })
})
