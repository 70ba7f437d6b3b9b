import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { type HedgeDelay, hedgeDelay } from './delay.ts'

const adaptive = { quantile: 0.9, min: 10, max: 500, start: 100 }

/** First attempts, one after the other. */
function late(delay: HedgeDelay, times = 1): void {
  for (let i = 0; i < times; i++) delay.late(delay.begin())
}

function inTime(delay: HedgeDelay, latencyMs: number, times = 1): void {
  for (let i = 0; i < times; i++) delay.inTime(delay.begin(), latencyMs)
}

function assertNear(actual: number, expected: number, tolerance = 0.001): void {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual} is not near ${expected}`)
}

/** A delay past its initial phase. */
function steered(options = adaptive, memory = new SharedMemory()): HedgeDelay {
  const delay = hedgeDelay(options, memory)
  late(delay)
  return delay
}

describe('hedgeDelay', () => {
  it('stays constant if fixed', () => {
    const delay = hedgeDelay(300)
    inTime(delay, 5, 100)
    late(delay, 100)
    assert.equal(delay.delayMs(), 300)
  })

  it('starts with the start value', () => {
    assertNear(hedgeDelay(adaptive).delayMs(), 100)
  })

  it('drops to the longest of the first 20 answers if none was late', () => {
    const delay = hedgeDelay(adaptive)
    for (let i = 1; i < 20; i++) inTime(delay, 2 * i)
    assertNear(delay.delayMs(), 100, 0.2)
    inTime(delay, 30)
    assertNear(delay.delayMs(), 38, 0.02)
  })

  it('does not drop at once after a late attempt', () => {
    const delay = steered()
    inTime(delay, 20, 20)
    assertNear(delay.delayMs(), 90, 0.05)
  })

  it('waits for more than the fastest answers at first, with many attempts in flight', () => {
    const delay = hedgeDelay(adaptive)
    const steps = Array.from({ length: 100 }, () => delay.begin())
    for (const step of steps.slice(0, 60)) delay.inTime(step, 2)
    assert.ok(delay.delayMs() > 50)
    for (const step of steps.slice(60)) delay.inTime(step, 50)
    assert.ok(delay.delayMs() > 30)
  })

  it('never rises from its start because all of the first answers were in time', () => {
    const delay = hedgeDelay({ ...adaptive, start: 50 })
    inTime(delay, 90, 20)
    assert.ok(delay.delayMs() < 50)
  })

  it('is stable when exactly its quantile of the attempts is in time', () => {
    const delay = steered()
    const beforeMs = delay.delayMs()
    for (let round = 0; round < 100; round++) {
      inTime(delay, 50, 9)
      late(delay)
    }
    assertNear(delay.delayMs(), beforeMs)
  })

  it('moves by smaller steps the more attempts are in flight on average', () => {
    const delay = steered()
    const moved = (): number => {
      const beforeMs = delay.delayMs()
      late(delay)
      return Math.log(delay.delayMs() / beforeMs)
    }
    const begin = (times: number): void => {
      for (let i = 0; i < times; i++) delay.begin()
    }
    const neither = (times: number): void => {
      for (let i = 0; i < times; i++) delay.neither()
    }
    assertNear(moved(), 0.09)
    begin(50)
    // A burst does not count at once: its calls would weigh less, and they are late more often.
    assert.ok(moved() > 0.08)
    for (let i = 0; i < 10_000; i++) {
      begin(1)
      neither(1)
    }
    assertNear(moved(), 0.0257, 0.02)
    neither(50)
    for (let i = 0; i < 10_000; i++) {
      begin(1)
      neither(1)
    }
    assertNear(moved(), 0.09, 0.05)
  })

  it('ignores attempts that were neither late nor in time', () => {
    const delay = steered()
    const beforeMs = delay.delayMs()
    for (let i = 0; i < 1000; i++) {
      delay.begin()
      delay.neither()
    }
    assert.equal(delay.delayMs(), beforeMs)
  })

  it('stays within its bounds, and returns from them at once', () => {
    const delay = steered()
    late(delay, 1000)
    assert.equal(delay.delayMs(), 500)
    inTime(delay, 400, 20)
    assert.ok(delay.delayMs() < 480)
    inTime(delay, 5, 5000)
    assert.equal(delay.delayMs(), 10)
    late(delay, 3)
    assert.ok(delay.delayMs() > 11)
  })

  it('applies the bounds to the start value too', () => {
    assertNear(hedgeDelay({ ...adaptive, start: 1 }).delayMs(), 10)
    assertNear(hedgeDelay({ ...adaptive, start: 9000 }).delayMs(), 500)
  })

  it('needs no lower bound', () => {
    const delay = steered({ ...adaptive, min: 0 })
    inTime(delay, 0, 20_000)
    assert.ok(delay.delayMs() < 0.02)
    late(delay, 200)
    assert.ok(delay.delayMs() > 10)
  })
})

describe('hedgeDelay, of several workers', () => {
  const memory = new SharedMemory({ slot: 0, slots: 2 })
  const other = () => new SharedMemory({ slot: 1, slots: 2, regions: memory.regions() })

  it('is steered by all of them', () => {
    const first = hedgeDelay(adaptive, memory)
    const second = hedgeDelay(adaptive, other())
    late(second, 5)
    assert.equal(first.delayMs(), second.delayMs())
    assert.ok(first.delayMs() > 140)
  })

  it('continues from the learned value in a worker that starts later, whatever its start value', () => {
    const learnedMs = hedgeDelay(adaptive, memory).delayMs()
    assert.equal(hedgeDelay({ ...adaptive, start: 20 }, other()).delayMs(), learnedMs)
  })

  it('moves within new bounds at once', () => {
    const bounded = hedgeDelay({ ...adaptive, max: 50 }, other())
    inTime(bounded, 20, 10)
    assert.ok(bounded.delayMs() < 46)
  })
})
