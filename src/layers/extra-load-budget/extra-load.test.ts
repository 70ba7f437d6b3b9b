import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { AttemptKind } from '../../core/attempt.ts'
import { succeeded } from '../../core/outcome.ts'
import { ownResponse } from '../../core/response.ts'
import { bothBudgets, CallBudget } from '../../kit/budgets.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { UpstreamExtraLoad } from './extra-load.ts'

const three = ['a', 'b', 'c'].map((name) => targetOf(name))
const clock = new VirtualClock()

function loadOf(memory = new SharedMemory(), available: readonly boolean[] = [true, true, true]) {
  const usable = { targets: three, isAvailable: (index: number) => available[index] === true }
  const load = new UpstreamExtraLoad({ share: 0.2, min: 0 }, usable, memory)
  const pay = load.payLayer()?.(async () => succeeded(ownResponse(200, [], undefined)))
  const attempt = async (kind: AttemptKind, made = 0): Promise<void> => {
    const { call } = callOf(clock)
    for (let i = 0; i < made; i++) call.begin(three[i % 3] ?? assert.fail())
    await pay?.(requestOf(), kind === 'first' ? call : call.fork(kind))
  }
  return { load, attempt }
}

function taken({ budget }: UpstreamExtraLoad): number {
  let count = 0
  while (budget?.tryTake() === true) count++
  return count
}

describe('the extra load of an upstream', () => {
  it('is a share of the calls to it, whichever route takes it', async () => {
    const { load, attempt } = loadOf()
    assert.equal(taken(load), 0)
    for (let i = 0; i < 100; i++) await attempt('first')
    assert.equal(taken(load), 20)
  })

  it('is paid once per call: by its first attempt, even if several go out at once', async () => {
    const { load, attempt } = loadOf()
    assert.equal(taken(load), 0)
    for (let i = 0; i < 50; i++) {
      await attempt('duplicate')
      await attempt('duplicate', 1)
      await attempt('hedge', 1)
      await attempt('retry', 1)
    }
    assert.equal(taken(load), 10)
  })

  it('is one account for all workers', async () => {
    const memory = new SharedMemory({ slot: 0, slots: 2 })
    const one = loadOf(memory)
    const two = loadOf(new SharedMemory({ slot: 1, slots: 2, regions: memory.regions() }))
    assert.equal(taken(one.load) + taken(two.load), 0)
    for (let i = 0; i < 50; i++) await one.attempt('first')
    for (let i = 0; i < 50; i++) await two.attempt('first')
    assert.equal(taken(two.load), 20)
    assert.equal(taken(one.load), 0)
  })

  it('costs nothing if no route uses it, and has no limit if unlimited', () => {
    const usable = { targets: three, isAvailable: () => true }
    const load = new UpstreamExtraLoad('unlimited', usable, new SharedMemory())
    assert.deepEqual([load.budget, load.payLayer()], [undefined, undefined])
  })

  it('has another target while an untried one is available', () => {
    const tried = (count: number) => {
      const { call } = callOf(clock)
      for (let i = 0; i < count; i++) call.begin(three[i] ?? assert.fail())
      return call
    }
    assert.equal(loadOf().load.hasOther(tried(1)), true)
    assert.equal(loadOf(undefined, [true, false, false]).load.hasOther(tried(1)), false)
    assert.equal(loadOf(undefined, [true, false, true]).load.hasOther(tried(1)), true)
    // All were tried: any of them may be tried again.
    assert.equal(loadOf(undefined, [true, false, false]).load.hasOther(tried(3)), true)
  })

  for (const isAvailable of [true, false]) {
    it(`has a single target ${isAvailable ? 'again' : 'not while it is unavailable'}`, () => {
      const usable = { targets: three.slice(0, 1), isAvailable: () => isAvailable }
      const { call } = callOf(clock)
      call.begin(three[0] ?? assert.fail())
      assert.equal(new UpstreamExtraLoad('unlimited', usable, new SharedMemory()).hasOther(call), isAvailable)
    })
  }
})

describe('both budgets', () => {
  it('grant the smaller of both grants, and return the rest', () => {
    const [wide, narrow] = [new CallBudget({ share: 0, floor: 5 }), new CallBudget({ share: 0, floor: 2 })]
    const both = bothBudgets(wide, narrow)
    assert.deepEqual([both.tryTake(), both.tryTake(), both.tryTake()], [true, true, false])
    assert.deepEqual([wide.extraInFlight, narrow.extraInFlight], [2, 2])
    both.giveBack()
    assert.deepEqual([wide.extraInFlight, narrow.extraInFlight], [1, 1])
  })
})
