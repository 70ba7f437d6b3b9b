import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hedgeDelay } from './delay.ts'

const adaptive = { quantile: 0.9, min: 10, max: 500, start: 100 }

describe('hedgeDelay', () => {
  it('is as fixed as it was given', () => {
    const delay = hedgeDelay(300)
    for (let i = 0; i < 100; i++) delay.observe(5)
    assert.equal(delay.delayMs(), 300)
  })

  it('starts with the start value until there are 20 samples', () => {
    const delay = hedgeDelay(adaptive)
    for (let i = 0; i < 19; i++) {
      assert.equal(delay.delayMs(), 100)
      delay.observe(40)
    }
    assert.equal(delay.delayMs(), 100)
    delay.observe(40)
    assert.equal(delay.delayMs(), 40)
  })

  it('follows the quantile of recent answers as they change', () => {
    const delay = hedgeDelay(adaptive)
    for (let i = 1; i <= 100; i++) delay.observe(i)
    assert.equal(delay.delayMs(), 90)
    for (let i = 0; i < 512; i++) delay.observe(200)
    assert.equal(delay.delayMs(), 200)
  })

  for (const [sampleMs, delayMs] of [
    [2, 10],
    [10, 10],
    [499, 499],
    [3000, 500],
  ] as const) {
    it(`makes ${delayMs} ms of answers that take ${sampleMs} ms`, () => {
      const delay = hedgeDelay(adaptive)
      for (let i = 0; i < 20; i++) delay.observe(sampleMs)
      assert.equal(delay.delayMs(), delayMs)
    })
  }

  it('holds the start value to the bounds too', () => {
    assert.equal(hedgeDelay({ ...adaptive, start: 1 }).delayMs(), 10)
    assert.equal(hedgeDelay({ ...adaptive, start: 9000 }).delayMs(), 500)
  })
})
