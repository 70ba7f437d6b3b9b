import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StallWatch } from './stall-watch.ts'

/** A loop scheduled to run every 50 ms. */
class Loop {
  readonly watch = new StallWatch()
  nowMs = 0

  /** Runs `times` turns, each `byMs` later than scheduled. */
  turn(times: number, byMs: number): void {
    for (let i = 0; i < times; i++) {
      this.watch.expect(this.nowMs + 50)
      this.nowMs += 50 + byMs
      this.watch.cameRound(this.nowMs)
    }
  }

  get stalledMs(): number {
    return this.watch.stalledMs(this.nowMs)
  }
}

describe('StallWatch', () => {
  it('counts a pause and not the lateness of ordinary turns', () => {
    const loop = new Loop()
    loop.turn(100, 40)
    assert.equal(loop.stalledMs, 0)
    loop.turn(1, 3000)
    loop.turn(100, 5)
    assert.equal(loop.stalledMs, 3000)
  })

  it('counts a pause once, however often it is asked meanwhile', () => {
    const { watch } = new Loop()
    watch.expect(50)
    assert.equal(watch.stalledMs(100), 0)
    assert.equal(watch.stalledMs(3050), 3000)
    assert.equal(watch.stalledMs(3060), 3000)
    watch.cameRound(3060)
    assert.equal(watch.stalledMs(3070), 3000)
  })

  it('counts a second pause that follows soon', () => {
    const loop = new Loop()
    loop.turn(1, 3000)
    loop.turn(5, 0)
    loop.turn(1, 3000)
    assert.equal(loop.stalledMs, 6000)
  })

  it('treats a loop that is late in every turn as overloaded, not stalled', () => {
    const loop = new Loop()
    loop.turn(10, 150)
    const { stalledMs } = loop
    loop.turn(1000, 150)
    assert.equal(loop.stalledMs, stalledMs)
  })

  it('counts a forward clock jump once, and a backward jump never', () => {
    const { watch } = new Loop()
    watch.expect(50)
    watch.cameRound(1e9)
    watch.expect(1e9 + 50)
    watch.cameRound(1e9 + 50)
    watch.expect(1e9 + 100)
    watch.cameRound(0)
    assert.equal(watch.stalledMs(0), 1e9 - 50)
  })

  it('counts nothing while the loop has nothing scheduled', () => {
    const { watch } = new Loop()
    watch.expect(50)
    watch.cameRound(50)
    assert.equal(watch.stalledMs(10_000), 0)
  })
})
