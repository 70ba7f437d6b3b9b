import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ActiveBudget, CallBudget, unlimitedBudget } from './budgets.ts'

function grants(budget: { tryTake(): boolean }, asked: number): number {
  let granted = 0
  for (let i = 0; i < asked; i++) if (budget.tryTake()) granted++
  return granted
}

type Step = 'start' | 'end' | 'take' | 'give'

const options = fc.record({ percent: fc.nat(100), floor: fc.nat(5) })
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>('start') },
    { weight: 2, arbitrary: fc.constant<Step>('end') },
    { weight: 4, arbitrary: fc.constant<Step>('take') },
    { weight: 2, arbitrary: fc.constant<Step>('give') },
  ),
  { maxLength: 300 },
)

describe('ActiveBudget', () => {
  it('grants the floor while little is in flight', () => {
    const budget = new ActiveBudget({ share: 0.2, floor: 3 })
    assert.equal(grants(budget, 10), 3)
  })

  it('grants its share of attempts in flight, and again each unit given back', () => {
    const budget = new ActiveBudget({ share: 0.2, floor: 3 })
    for (let i = 0; i < 50; i++) budget.attemptStarted()
    assert.equal(grants(budget, 100), 10)
    budget.giveBack()
    assert.equal(grants(budget, 100), 1)
    for (let i = 0; i < 50; i++) budget.attemptEnded()
    assert.equal(grants(budget, 100), 0)
    assert.equal(budget.extraInFlight, 10)
  })

  it('grants nothing without share and floor', () => {
    const budget = new ActiveBudget({ share: 0, floor: 0 })
    for (let i = 0; i < 50; i++) budget.attemptStarted()
    assert.equal(grants(budget, 10), 0)
  })

  it('grants whole shares despite floating-point rounding', () => {
    for (let percent = 0; percent <= 100; percent++) {
      const budget = new ActiveBudget({ share: percent / 100, floor: 0 })
      for (let i = 0; i < 100; i++) budget.attemptStarted()
      assert.equal(grants(budget, 200), percent)
    }
  })

  it('grants all that it allows and never more, under any interleaving', () => {
    fc.assert(
      fc.property(options, steps, ({ percent, floor }, steps) => {
        const budget = new ActiveBudget({ share: percent / 100, floor })
        let active = 0
        let extra = 0
        for (const step of steps) {
          if (step === 'start') {
            budget.attemptStarted()
            active++
          } else if (step === 'end' && active > 0) {
            budget.attemptEnded()
            active--
          } else if (step === 'give' && extra > 0) {
            budget.giveBack()
            extra--
          } else if (step === 'take') {
            const allowed = Math.max(floor, Math.floor((percent * active) / 100))
            assert.equal(budget.tryTake(), extra < allowed)
            if (extra < allowed) extra++
          }
          assert.equal(budget.extraInFlight, extra)
        }
        for (; extra > 0; extra--) budget.giveBack()
        assert.equal(budget.extraInFlight, 0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('CallBudget', () => {
  it('grants the floor in flight, whatever the balance', () => {
    const budget = new CallBudget({ share: 0.2, floor: 3 })
    assert.equal(grants(budget, 10), 3)
    budget.giveBack()
    assert.equal(grants(budget, 10), 1)
  })

  it('grants one extra for every five calls at 20 %', () => {
    const budget = new CallBudget({ share: 0.2, floor: 0 })
    for (let i = 0; i < 4; i++) budget.callStarted()
    assert.equal(grants(budget, 1), 0)
    budget.callStarted()
    assert.equal(grants(budget, 10), 1)
  })

  it('saves no more than its burst', () => {
    const budget = new CallBudget({ share: 0.5, floor: 0, burst: 4 })
    for (let i = 0; i < 1000; i++) budget.callStarted()
    assert.equal(grants(budget, 100), 4)
  })

  it('does not credit the account when a unit is given back', () => {
    const budget = new CallBudget({ share: 1, floor: 0 })
    budget.callStarted()
    assert.equal(grants(budget, 1), 1)
    budget.giveBack()
    assert.equal(grants(budget, 1), 0)
  })

  it('grants all that it allows and never more, under any interleaving', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 20 }), steps, ({ percent, floor }, burst, steps) => {
        const budget = new CallBudget({ share: percent / 100, floor, burst })
        let accountPercent = 0
        let extra = 0
        let calls = 0
        let beyondFloor = 0
        for (const step of steps) {
          if (step === 'start') {
            budget.callStarted()
            calls++
            accountPercent = Math.min(burst * 100, accountPercent + percent)
          } else if (step === 'give' && extra > 0) {
            budget.giveBack()
            extra--
          } else if (step === 'take') {
            const granted = budget.tryTake()
            assert.equal(granted, extra < floor || accountPercent >= 100)
            if (!granted) continue
            if (extra >= floor) beyondFloor++
            accountPercent = Math.max(0, accountPercent - 100)
            extra++
          }
          assert.equal(budget.extraInFlight, extra)
          assert.ok(beyondFloor * 100 <= percent * calls, 'no more beyond the floor than the calls have paid for')
        }
        for (; extra > 0; extra--) budget.giveBack()
        assert.equal(budget.extraInFlight, 0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('unlimitedBudget', () => {
  it('grants everything', () => {
    assert.equal(grants(unlimitedBudget, 1000), 1000)
    unlimitedBudget.giveBack()
    assert.equal(unlimitedBudget.tryTake(), true)
  })
})
