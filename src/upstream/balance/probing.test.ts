import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestFrom, TurnableRotation } from '../../../test/conformance/balancer.ts'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { Target } from '../../core/attempt.ts'
import { seededRandom } from '../../kit/random.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import type { Probe, TargetReport } from './probe.ts'
import { probing } from './probing.ts'
import { TargetLoad } from './target-load.ts'

type Answers = Readonly<Record<string, TargetReport | 'mute' | 'hangs' | undefined>>

function opened(initial: Answers, options: { readonly probes?: number; readonly uses?: number } = {}) {
  const clock = new VirtualClock()
  const rotation = new TurnableRotation(Object.fromEntries(Object.keys(initial).map((name) => [name, 1])))
  const load = new TargetLoad(rotation.targets, clock, new SharedMemory())
  const answers: Record<string, Answers[string]> = { ...initial }
  const probed: string[] = []
  const probe: Probe = ({ name }) => {
    probed.push(name)
    const answer = answers[name]
    return answer === 'hangs' ? new Promise(() => {}) : Promise.resolve(answer)
  }
  const given = { probes: 3, size: 16, ageMs: 1000, uses: 5, ...options }
  const balancer = probing(rotation, { ...given, random: seededRandom(5), clock, load, probe })
  let user = 0
  /** Picks, then lets the probes be answered. */
  const picks = async (count: number) => {
    const picked: Record<string, number> = {}
    for (let i = 0; i < count; i++) {
      const name = balancer.pick(undefined, requestFrom(user++))?.name ?? ''
      picked[name] = (picked[name] ?? 0) + 1
      await settled()
    }
    return picked
  }
  return { clock, rotation, load, answers, probed, balancer, picks }
}

const busy = (inFlight: number, latencyMs?: number): TargetReport => ({ inFlight, latencyMs })

describe('probing', () => {
  it('probes three different targets at each pick', async () => {
    const { probed, picks } = opened({ a: busy(0), b: busy(0), c: busy(0), d: busy(0), e: busy(0) })
    for (let turn = 0; turn < 20; turn++) {
      await picks(1)
      assert.equal(new Set(probed.splice(0)).size, 3)
    }
  })

  it('picks the fastest target while it is not hot', async () => {
    const { picks } = opened({ a: busy(1, 20), b: busy(1, 5), c: busy(1, 30) })
    await picks(1)
    assert.deepEqual(await picks(20), { b: 20 })
  })

  it('skips hot targets while two are cold', async () => {
    const others = Object.fromEntries(['b', 'd', 'e', 'f', 'g', 'h'].map((name, i) => [name, busy(2, 20 + i)]))
    const { picks } = opened({ a: busy(9, 1), c: busy(2, 10), ...others })
    await picks(80)
    const picked = await picks(40)
    assert.equal(picked['a'] ?? 0, 0)
    for (const [name, count] of Object.entries(picked)) {
      assert.ok(count <= (picked['c'] ?? 0), `${name} in ${JSON.stringify(picked)}`)
    }
  })

  it('does not pick a slow target just because it alone is cold', async () => {
    const { answers, picks } = opened({ a: busy(1, 10), b: busy(1, 10), slow: busy(0, 500) })
    await picks(30)
    Object.assign(answers, { a: busy(3, 10), b: busy(3, 10) })
    await picks(2)
    assert.equal((await picks(10))['slow'] ?? 0, 0)
  })

  it('uses peak EWMA while there are fewer than two reports', async () => {
    const { rotation, load, picks } = opened({ a: busy(0, 1), b: undefined, slow: undefined })
    const before = await picks(300)
    for (const name of ['a', 'b', 'slow']) assert.ok((before[name] ?? 0) > 70, JSON.stringify(before))
    for (const target of rotation.targets) {
      load.started(target)
      load.answered(target, target.name === 'slow' ? 200 : 10, 'success')
      load.ended(target)
    }
    assert.equal((await picks(100))['slow'] ?? 0, 0)
  })

  it('ignores a report that is a second old', async () => {
    const { clock, answers, picks } = opened({ a: busy(0, 1), b: busy(0, 50), c: busy(0, 50) })
    await picks(2)
    Object.assign(answers, { a: 'hangs', b: 'hangs', c: 'hangs' })
    assert.deepEqual(await picks(1), { a: 1 })
    await clock.advance(1001)
    assert.ok(Object.keys(await picks(60)).length === 3)
  })

  it('lets one report decide a few picks, each counted as in flight', async () => {
    const { answers, picks } = opened({ a: busy(0, 1), b: busy(0, 50), c: busy(0, 60) }, { uses: 3 })
    await picks(1)
    Object.assign(answers, { a: 'hangs', b: 'hangs', c: 'hangs' })
    const picked = await picks(3)
    assert.ok((picked['a'] ?? 0) <= 3)
    assert.ok((picked['b'] ?? 0) >= 1, JSON.stringify(picked))
  })

  it('has at most four probes open to a target that does not answer', async () => {
    const { probed, picks } = opened({ a: 'hangs', b: busy(0), c: busy(0) })
    await picks(50)
    assert.equal(probed.filter((name) => name === 'a').length, 4)
    assert.equal(probed.filter((name) => name === 'b').length, 50)
  })

  it('uses peak EWMA when a target reports no load, and probes it again after a second', async () => {
    const { clock, rotation, load, answers, probed, picks } = opened({ a: busy(0, 1), b: busy(0, 1), c: 'mute' })
    await picks(1)
    const took = { a: 100, b: 100, c: 5 }
    for (const target of rotation.targets) {
      load.started(target)
      load.answered(target, took[target.name as keyof typeof took], 'success')
      load.ended(target)
    }
    const picked = await picks(90)
    assert.ok((picked['c'] ?? 0) > 50, JSON.stringify(picked))
    assert.equal(probed.filter((name) => name === 'c').length, 1)
    answers['c'] = busy(0, 900)
    await clock.advance(1000)
    await picks(2)
    assert.equal((await picks(30))['c'] ?? 0, 0)
  })

  it('sends calls immediately to a target that cannot be probed, beside quick ones that can', async () => {
    const { clock, rotation, load, balancer } = opened({ a: busy(0, 10), b: busy(0, 10), c: 'mute' })
    for (const target of rotation.targets.slice(0, 2)) {
      load.started(target)
      load.answered(target, 10, 'success')
      load.ended(target)
    }
    const counts: Record<string, number> = {}
    for (let call = 0; call < 300; call++) {
      const target = balancer.pick(undefined, requestFrom(call)) as Target
      counts[target.name] = (counts[target.name] ?? 0) + 1
      load.started(target)
      await clock.advance(10)
      load.answered(target, 10, 'success')
      load.ended(target)
    }
    assert.ok((counts['c'] ?? 0) > 30, JSON.stringify(counts))
  })

  it('counts failures against a target that claims to be idle and fast', async () => {
    const { rotation, load, picks } = opened({ a: busy(0, 10), b: busy(0, 10), failing: busy(0, 1) })
    await picks(1)
    assert.equal((await picks(10))['failing'], 10)
    const failing = rotation.targets[2] as Target
    for (let i = 0; i < 3; i++) {
      load.started(failing)
      load.answered(failing, 1, 'server_error')
      load.ended(failing)
    }
    assert.equal((await picks(30))['failing'] ?? 0, 0)
  })
})
