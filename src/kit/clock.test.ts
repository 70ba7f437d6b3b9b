import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from './clock.ts'

// The only tests here that wait in real time: they test the machine's own timer.
describe('systemClock', () => {
  it('runs scheduled actions in order and never early', async () => {
    const clock = systemClock()
    const startMs = clock.now()
    const ran: (readonly [string, number])[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    clock.after(12, () => {
      ran.push(['12', clock.now() - startMs])
      resolve()
    })
    clock.after(3, () => ran.push(['3', clock.now() - startMs]))
    clock.after(6, () => ran.push(['6', clock.now() - startMs])).cancel()
    await promise
    assert.deepEqual(
      ran.map(([name]) => name),
      ['3', '12'],
    )
    for (const [name, tookMs] of ran) assert.ok(tookMs >= Number(name), `${name}: ${tookMs}`)
  })

  it('reports a monotonic time and the time of day', () => {
    const clock = systemClock()
    const [a, b] = [clock.now(), clock.now()]
    assert.ok(b >= a)
    assert.ok(Math.abs(clock.wallNow() - Date.now()) < 1000)
  })
})
