import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type GradientState, type GradientWindow, nextState } from './gradient.ts'

const rules = { min: 20, max: 200, tolerance: 1.5 }
const warm = (limit: number, usualMs = 100): GradientState => ({ limit, usualMs, windows: 10 })
const window = (change: Partial<GradientWindow>): GradientWindow => ({
  meanMs: 100,
  isUsed: true,
  isSaturated: false,
  failedShare: 0,
  ...change,
})
const after = (state: GradientState, change: Partial<GradientWindow>) => nextState(state, window(change), rules)

describe('the gradient', () => {
  it('lets the limit grow by a fifth of four calls while latency is as usual', () => {
    assert.ok(Math.abs(after(warm(100), {}).limit - 100.8) < 1e-9)
    assert.ok(Math.abs(after(warm(100), { meanMs: 140 }).limit - 100.8) < 1e-9)
  })

  it('takes a fifth of the excess off the limit when calls take longer', () => {
    const { limit, usualMs } = after(warm(100), { meanMs: 300 })
    const gradient = (1.5 * usualMs) / 300
    assert.ok(Math.abs(limit - (80 + 0.2 * (100 * gradient + 4))) < 1e-9)
    assert.ok(limit < 91)
  })

  it('never halves the limit at once, whatever a window shows', () => {
    assert.ok(Math.abs(after(warm(100), { meanMs: 1e6 }).limit - 90.8) < 1e-9)
  })

  it('does not let the limit grow while less than half of it is used', () => {
    assert.equal(after(warm(100), { isUsed: false }).limit, 100)
  })

  it('backs off by a tenth if more than a tenth of the calls failed from overload', () => {
    assert.equal(after(warm(100), { failedShare: 0.1, isUsed: false }).limit, 100)
    assert.equal(after(warm(100), { failedShare: 0.11, isUsed: false }).limit, 90)
    assert.equal(after(warm(100), { failedShare: 1, meanMs: undefined }).limit, 90)
  })

  it('takes the plain mean of the first ten windows as usual', () => {
    let state: GradientState = { limit: 20, usualMs: 0, windows: 0 }
    for (let ms = 10; ms <= 100; ms += 10) state = after(state, { meanMs: ms, isUsed: false })
    assert.ok(Math.abs(state.usualMs - 55) < 1e-9)
  })

  it('learns the usual latency slowly, and ten times more slowly while calls are shed', () => {
    const grown = (isSaturated: boolean) => after(warm(100), { meanMs: 400, isSaturated }).usualMs - 100
    assert.ok(Math.abs(grown(false) / grown(true) - 10) < 0.1)
    assert.ok(Math.abs(grown(false) - 300 * (2 / 601)) < 1e-9)
  })

  it('soon forgets an overload that has ended', () => {
    let state = warm(20, 1000)
    for (let i = 0; i < 20; i++) state = after(state, { meanMs: 100 })
    assert.ok(state.usualMs < 250, `${state.usualMs}`)
  })

  it('stays within its bounds, whatever the input', () => {
    const windows = fc.array(
      fc.record({
        meanMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
        isUsed: fc.boolean(),
        isSaturated: fc.boolean(),
        failedShare: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(windows, (all) => {
        let state: GradientState = { limit: 20, usualMs: 0, windows: 0 }
        for (const one of all) {
          state = nextState(state, one, rules)
          assert.ok(state.limit >= 20 && state.limit <= 200)
          assert.ok(Number.isFinite(state.usualMs) && state.usualMs >= 0)
        }
      }),
    )
  })

  it('finds the calls that a target bears: a few above its capacity, not many times as many', () => {
    const servers = 40
    let state: GradientState = { limit: 20, usualMs: 0, windows: 0 }
    // Always as many in flight as allowed; beyond its capacity they wait at the target.
    for (let i = 0; i < 3000; i++) {
      const meanMs = 50 * Math.max(1, state.limit / servers)
      state = after(state, { meanMs, isSaturated: true })
    }
    assert.ok(state.limit >= servers && state.limit <= 3 * servers, `${state.limit}`)
  })
})
