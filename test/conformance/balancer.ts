import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AttemptOutcome, Target } from '../../src/core/attempt.ts'
import type { GatewayRequest } from '../../src/core/request.ts'
import { type Random, seededRandom } from '../../src/kit/random.ts'
import type { Balancer } from '../../src/upstream/balance/balancer.ts'
import type { Rotation } from '../../src/upstream/balance/rotation.ts'
import { requestOf, targetOf } from '../kit/calls.ts'
import { VirtualClock } from '../kit/virtual-clock.ts'

export type MakeBalancer = (rotation: Rotation, clock: VirtualClock, random: Random) => Balancer

/** A rotation that a test controls. */
export class TurnableRotation implements Rotation {
  readonly targets: readonly Target[]
  readonly out = new Set<string>()
  readonly factors = new Map<string, number>()
  version = 0

  constructor(weights: Readonly<Record<string, number>>) {
    this.targets = Object.entries(weights).map(([name, weight]) => targetOf(name, weight))
  }

  isAvailable(place: number): boolean {
    return !this.out.has(this.targets[place]?.name ?? '')
  }

  factor(place: number): number {
    return this.factors.get(this.targets[place]?.name ?? '') ?? 1
  }

  takeOut(...names: readonly string[]): void {
    for (const name of names) this.out.add(name)
    this.version++
  }

  bringBack(name: string): void {
    this.out.delete(name)
    this.version++
  }

  slow(name: string, factor: number): void {
    this.factors.set(name, factor)
    this.version++
  }
}

/** Calls from distinct clients, so that hashing spreads them. */
export function requestFrom(user: number): GatewayRequest {
  return requestOf({ headers: ['x-user', `user ${user}`] })
}

const picksEach = 6000

/** Tests for every balancer. `keepsShare`: why a failing target keeps its share where other balancers avoid it. */
export function balancerConformance(name: string, make: MakeBalancer, keepsShare: string | false = false): void {
  const made = (weights: Readonly<Record<string, number>>) => {
    const rotation = new TurnableRotation(weights)
    const clock = new VirtualClock()
    const balancer = make(rotation, clock, seededRandom(7))
    let user = 0
    const pick = (tried: Readonly<Record<string, number>> = {}) =>
      balancer.pick((target) => tried[target.name] ?? 0, requestFrom(user++))?.name
    const first = () => balancer.pick(undefined, requestFrom(user++))?.name
    return { rotation, clock, balancer, pick, first }
  }
  const sharesOf = (first: () => string | undefined, count = picksEach) => {
    const counts: Record<string, number> = {}
    for (let i = 0; i < count; i++) {
      const picked = first() ?? 'none'
      counts[picked] = (counts[picked] ?? 0) + 1
    }
    return (target: string): number => (counts[target] ?? 0) / count
  }
  const near = (actual: number, expected: number): void =>
    assert.ok(Math.abs(actual - expected) < 0.03, `${actual} is not near ${expected}`)

  describe(`the balancer ${name}`, () => {
    it('picks nothing if there are no targets or none is available', () => {
      assert.equal(made({}).first(), undefined)
      const { rotation, first, pick } = made({ a: 1, b: 1 })
      rotation.takeOut('a', 'b')
      assert.deepEqual([first(), pick()], [undefined, undefined])
    })

    it('picks the only target, tried or not', () => {
      const { first, pick } = made({ a: 3 })
      assert.deepEqual([first(), pick({ a: 1 }), pick({ a: 2 })], ['a', 'a', 'a'])
    })

    it('never picks an unavailable target, and picks it again once it is available', () => {
      const { rotation, first } = made({ a: 1, b: 1, c: 1 })
      rotation.takeOut('b')
      const without = sharesOf(first)
      assert.equal(without('b'), 0)
      near(without('a'), 1 / 2)
      rotation.bringBack('b')
      near(sharesOf(first)('b'), 1 / 3)
    })

    it('prefers targets that the call has not tried, then the one tried longest ago', () => {
      const { pick } = made({ heavy: 100, light: 1, other: 1 })
      for (let i = 0; i < 20; i++) {
        assert.equal(pick({ heavy: 1, other: 2 }), 'light')
        assert.equal(pick({ heavy: 3, light: 2, other: 1 }), 'other')
        assert.equal(pick({ heavy: 4, light: 2, other: 3 }), 'light')
      }
    })

    it('retries a tried target rather than picking an unavailable one', () => {
      const { rotation, pick } = made({ a: 1, b: 1, c: 1 })
      rotation.takeOut('c')
      assert.equal(pick({ a: 1 }), 'b')
      assert.equal(pick({ a: 1, b: 2 }), 'a')
    })

    it('sends the attempts of one call to each target before it sends two to any', () => {
      const { pick } = made({ a: 1, b: 5, c: 1, d: 2 })
      for (let call = 0; call < 50; call++) {
        const tried: Record<string, number> = {}
        for (let attempt = 1; attempt <= 4; attempt++) tried[pick(tried) ?? ''] = attempt
        assert.deepEqual(Object.keys(tried).sort(), ['a', 'b', 'c', 'd'])
      }
    })

    it('splits calls by weight while all targets behave alike', () => {
      const shares = sharesOf(made({ a: 5, b: 3, c: 2 }).first)
      near(shares('a'), 0.5)
      near(shares('b'), 0.3)
      near(shares('c'), 0.2)
    })

    it('scales the weight of a target in slow start', () => {
      const { rotation, first } = made({ a: 1, b: 1, c: 1 })
      for (const factor of [0.1, 0.5]) {
        rotation.slow('c', factor)
        const share = sharesOf(first)('c')
        // Between this part of its share and of its weight: a hash may only take keys away from their own target.
        assert.ok(share > factor / 3 - 0.03 && share < factor / (2 + factor) + 0.03, String(share))
      }
    })

    for (const users of [1, 4]) {
      it(`caps a target in slow start at its share with ${users === 1 ? 'one user' : `${users} users`}`, async () => {
        const { rotation, clock, balancer } = made({ a: 1, b: 1 })
        let calls = 0
        const share = async (count: number): Promise<number> => {
          let [begun, ofB] = [0, 0]
          const user = async (): Promise<void> => {
            while (begun < count) {
              begun++
              const target = balancer.pick(undefined, requestFrom(calls++)) as Target
              if (target.name === 'b') ofB++
              balancer.load?.started(target)
              await new Promise<void>((answered) => clock.after(10, answered))
              balancer.load?.answered(target, 10, 'success')
              balancer.load?.ended(target)
            }
          }
          const all = Promise.all(Array.from({ length: users }, user))
          for (let turn = 0; turn <= count / users; turn++) await clock.advance(10)
          await all
          return ofB / count
        }
        rotation.takeOut('b')
        await share(500)
        rotation.bringBack('b')
        for (const factor of [0.1, 0.3, 0.6]) {
          rotation.slow('b', factor)
          const got = await share(1500)
          assert.ok(got > factor / 4 && got < factor + 0.04, `${got} of the calls for ${factor} of its share`)
        }
      })
    }

    const countsOfFailing = async () => {
      const { clock, balancer } = made({ a: 1, b: 1, failing: 1 })
      const counts: Record<string, number> = {}
      for (let call = 0; call < 1000; call++) {
        const target = balancer.pick(undefined, requestFrom(call)) as Target
        const fails = target.name === 'failing'
        counts[target.name] = (counts[target.name] ?? 0) + 1
        balancer.load?.started(target)
        const [tookMs, outcome]: [number, AttemptOutcome] = fails ? [1, 'server_error'] : [40, 'success']
        clock.after(tookMs, () => {
          balancer.load?.answered(target, tookMs, outcome)
          balancer.load?.ended(target)
        })
        await clock.advance(10)
      }
      return counts
    }

    it('does not let a target attract load by failing fast', async () => {
      const { failing = 0 } = await countsOfFailing()
      assert.ok(failing <= 360, String(failing))
    })

    it('avoids a target that fails fast', { skip: keepsShare }, async () => {
      const { failing = 0 } = await countsOfFailing()
      assert.ok(failing < 60, String(failing))
    })
  })
}
