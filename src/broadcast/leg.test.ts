import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { callOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import type { StoredLeg } from '../store/delivery-store.ts'
import { Leg } from './leg.ts'
import type { Position } from './leg-phase.ts'
import { TargetQueue } from './target-queue.ts'

type OwnLeg = Leg<string>

const result = { outcome: 'server_error', status: 500, detail: undefined } as const
const queue = new TargetQueue<OwnLeg>('a', 1)
const { call } = callOf(new VirtualClock())

function legWith(change: Partial<StoredLeg> = {}): OwnLeg {
  const none = { nextAttemptAt: undefined, waitMs: undefined, outcome: undefined, status: undefined, detail: undefined }
  return new Leg('delivery', 'lane', { target: 'a', state: 'pending', attempts: 0, ...none, ...change })
}

/** Every way to change a leg. `timers` counts the timers that run. */
function stepsOf(leg: OwnLeg, timers: { running: number }) {
  let turn = 0
  const position = (): Position<OwnLeg> => ({ queue, turn: ++turn })
  return {
    join: () => leg.join(position()),
    move: () => leg.move(position()),
    leave: () => void leg.leave(),
    send: () => leg.send({ call, ended: Promise.resolve() }),
    discardAfterAttempt: () => leg.discardAfterAttempt(),
    answered: () => leg.answered(result),
    failed: () => leg.failed(result, { until: 5, ms: 5 }),
    postponed: () => leg.postponed(result, 5),
    died: () => leg.died(result),
    // A leg waits by one timer: the sender sets it once.
    waitFor: () => {
      let isRunning = true
      const cancel = (): void => {
        if (isRunning) timers.running--
        isRunning = false
      }
      leg.waitFor({ cancel })
      timers.running++
    },
    stopWaiting: () => leg.stopWaiting(),
    due: () => leg.due(),
    abandoned: () => leg.abandoned('gone'),
    interrupted: () => leg.interrupted(),
    replay: () => leg.replay(),
    discard: () => leg.discard(),
  }
}

type Step = keyof ReturnType<typeof stepsOf>

const stepNames = Object.keys(stepsOf(legWith(), { running: 0 })) as readonly Step[]

function factsOf(leg: OwnLeg) {
  const { phase, version, attempts, wait, position, attempt } = leg
  return { phase, version, attempts, wait, position, attempt, stored: leg.stored() }
}

describe('a leg', () => {
  it('has what belongs to its phase and nothing else, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...stepNames), { maxLength: 60 }), (names) => {
        const leg = legWith()
        const timers = { running: 0 }
        const steps = stepsOf(leg, timers)
        for (const name of names) {
          if (name === 'waitFor' && timers.running > 0) continue
          const before = factsOf(leg)
          try {
            steps[name]()
          } catch {
            assert.deepEqual(factsOf(leg), before, `${name} is refused and changes nothing`)
          }
          const { phase, attempt, wait, position, version } = leg
          assert.equal(attempt !== undefined, phase === 'sending')
          if (phase !== 'new') assert.equal(wait !== undefined, phase === 'waiting')
          if (phase !== 'dead' && phase !== 'discarded') {
            assert.equal(position === undefined, phase === 'new' || phase === 'acknowledged')
          }
          assert.ok(timers.running === 0 || phase === 'waiting', `a timer runs while it is ${phase}`)
          assert.equal(version - before.version, phase === before.phase ? 0 : 1)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('is stored as it was loaded until it joins, and while it waits', () => {
    const stored = legWith({ attempts: 2, nextAttemptAt: 7, waitMs: 3, outcome: 'timeout' }).stored()
    assert.deepEqual([stored.state, stored.attempts, stored.nextAttemptAt, stored.waitMs], ['pending', 2, 7, 3])
    const leg = legWith(stored)
    leg.join({ queue, turn: 1 })
    assert.equal(leg.phase, 'waiting')
    assert.deepEqual(leg.stored(), stored)
  })

  it('keeps its position from its death until it leaves, and takes it up when replayed before', () => {
    const leg = legWith()
    const position = { queue, turn: 1 }
    leg.join(position)
    leg.send({ call, ended: Promise.resolve() })
    leg.died(result)
    leg.replay()
    assert.deepEqual([leg.phase, leg.position], ['queued', position])
    leg.abandoned('gone')
    assert.equal(leg.leave(), position)
    const { version } = leg
    assert.deepEqual([leg.phase, leg.position], ['dead', undefined])
    leg.replay()
    assert.deepEqual([leg.phase, leg.position, leg.version], ['new', undefined, version + 1])
  })

  it('is acknowledged only after its answer was recorded', () => {
    const leg = legWith()
    leg.join({ queue, turn: 1 })
    leg.send({ call, ended: Promise.resolve() })
    leg.answered({ outcome: 'success', status: 201, detail: undefined })
    assert.deepEqual([leg.phase, leg.state], ['recording', 'acknowledged'])
    leg.leave()
    assert.equal(leg.phase, 'acknowledged')
    assert.throws(() => leg.replay(), /cannot go from acknowledged to new/)
  })
})
