import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import type { Target } from '../../core/attempt.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import type { Balancer } from './balancer.ts'
import { allOf, type Rotation } from './rotation.ts'
import { roundRobin } from './round-robin.ts'

const none = (): number => 0
const request = requestOf()

function allOfWeights(weights: Readonly<Record<string, number>>): Rotation {
  return allOf(Object.entries(weights).map(([name, weight]) => targetOf(name, weight)))
}

function picks(balancer: Balancer, count: number, lastTried = none): string {
  return Array.from({ length: count }, () => balancer.pick(lastTried, request)?.name ?? '-').join(' ')
}

/** The targets of `count` attempts of one call. */
function picksOfCall(balancer: Balancer, count: number): readonly Target[] {
  const picked: Target[] = []
  for (let i = 0; i < count; i++) {
    const target = balancer.pick((candidate) => picked.lastIndexOf(candidate) + 1, request)
    if (target !== undefined) picked.push(target)
  }
  return picked
}

describe('roundRobin', () => {
  it('takes equal targets in turn', () => {
    assert.equal(picks(roundRobin(allOfWeights({ a: 1, b: 1, c: 1 })), 7), 'a b c a b c a')
  })

  it('interleaves heavy and light targets: weights 5, 1, 1 give a a b a c a a', () => {
    assert.equal(picks(roundRobin(allOfWeights({ a: 5, b: 1, c: 1 })), 14), 'a a b a c a a a a b a c a a')
  })

  for (const [weights, sequence] of [
    [{ a: 2, b: 1 }, 'a b a a b a'],
    [{ a: 1, b: 2, c: 3 }, 'c b a c b c'],
    [{ a: 10, b: 1 }, 'a a a a a b a a a a a a'],
  ] as const) {
    it(`gives ${sequence} for ${JSON.stringify(weights)}`, () => {
      assert.equal(picks(roundRobin(allOfWeights(weights)), sequence.split(' ').length), sequence)
    })
  }

  for (const names of ['a b', 'a b c', 'a b c d']) {
    it(`sends the attempts of one call to each of ${names} in turn, then starts over`, () => {
      const targets = names.split(' ').map((name) => targetOf(name))
      const picked = picksOfCall(roundRobin(allOf(targets)), targets.length * 3).map(({ name }) => name)
      assert.equal(picked.join(' '), `${names} ${names} ${names}`)
    })
  }

  it('prefers untried targets, then the one tried longest ago, whatever the weight', () => {
    const balancer = roundRobin(allOfWeights({ heavy: 100, light: 1, other: 1 }))
    const tried = (numbers: Readonly<Record<string, number>>) =>
      balancer.pick(({ name }) => numbers[name] ?? 0, request)?.name
    assert.equal(tried({ heavy: 1, other: 2 }), 'light')
    assert.equal(tried({ heavy: 3, light: 2, other: 1 }), 'other')
    assert.equal(tried({ heavy: 4, light: 2, other: 3 }), 'light')
  })

  it('picks the only target, whether tried or not', () => {
    assert.deepEqual(
      picksOfCall(roundRobin(allOfWeights({ a: 7 })), 3).map(({ name }) => name),
      ['a', 'a', 'a'],
    )
  })

  it('shares its position among all workers', () => {
    const rotation = allOfWeights({ a: 5, b: 1, c: 1 })
    const first = new SharedMemory({ slot: 0, slots: 2 })
    const one = roundRobin(rotation, first)
    const two = roundRobin(rotation, new SharedMemory({ slot: 1, slots: 2, regions: first.regions() }))
    assert.equal(Array.from({ length: 7 }, (_, i) => picks(i % 2 === 0 ? one : two, 1)).join(' '), 'a a b a c a a')
  })

  it('picks nothing without targets', () => {
    assert.equal(picks(roundRobin(allOf([])), 2), '- -')
  })

  it('gives each target its weight in every round, wherever it starts', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(weights, fc.nat(3), (weights, roundsBefore) => {
        const targets = weights.map((weight, i) => targetOf(String(i), weight))
        const balancer = roundRobin(allOf(targets))
        const round = weights.reduce((sum, weight) => sum + weight, 0)
        picks(balancer, round * roundsBefore)
        const counts = new Map<string, number>()
        for (const name of picks(balancer, round).split(' ')) counts.set(name, (counts.get(name) ?? 0) + 1)
        assert.deepEqual(
          weights.map((_, i) => counts.get(String(i))),
          weights,
        )
      }),
    )
  })

  it('never sends one call to a target two more times than to another', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(weights, fc.nat(50), fc.nat(20), (weights, picksBefore, attempts) => {
        const targets = weights.map((weight, i) => targetOf(String(i), weight))
        const balancer = roundRobin(allOf(targets))
        picks(balancer, picksBefore)
        const picked = picksOfCall(balancer, attempts)
        assert.equal(picked.length, attempts)
        const times = targets.map((target) => picked.filter((other) => other === target).length)
        assert.ok(Math.max(...times) - Math.min(...times) <= 1, String(times))
      }),
    )
  })
})
