/**
 * The cost of admitting a call: a rate limit by client, a limit on calls in flight, and the budget for extra load.
 *
 *   bin/node bench/micro/admission.ts
 */

import { CallBudget } from '../../src/kit/budgets.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { SharedMemory } from '../../src/kit/shared-memory.ts'
import { AdaptiveLimit, fixedLimit } from '../../src/layers/concurrency-limit/adaptive-limit.ts'
import { ConcurrencyLimiter } from '../../src/layers/concurrency-limit/limiter.ts'
import { Gcra } from '../../src/layers/rate-limit/gcra.ts'
import { KeyTable } from '../../src/layers/rate-limit/key-table.ts'

const rounds = 1_000_000
const clock = systemClock()
const memory = new SharedMemory({ slot: 0, slots: 4 })
const keys = Array.from({ length: 1000 }, (_, i) => `192.0.${i >> 8}.${i & 255}`)

const table = new KeyTable(new Gcra({ limit: 1_000_000, perMs: 1000, burst: 1000 }), 65_536, memory, Math.random)
measure('rate limit, 1000 clients', (i) => void table.take(keys[i % 1000] as string, clock.now()))

const queue = { length: 10, timeMs: 100 }
const fixed = new ConcurrencyLimiter(fixedLimit(50), queue, memory.scope('fixed'), clock)
measure('fixed limit, in and out', () => {
  fixed.tryEnter(5)
  fixed.leave()
})
const rules = { min: 20, max: 200, tolerance: 1.5, start: 20 }
const limit = new AdaptiveLimit(rules, memory.scope('adaptive'), clock)
const adaptive = new ConcurrencyLimiter(limit, queue, memory.scope('adaptive'), clock)
measure('adaptive limit, in and out', () => {
  adaptive.tryEnter(5)
  limit.ended(1, false)
  adaptive.leave()
})
const budget = new CallBudget({ share: 0.2, floor: 3 }, memory)
measure('payment for extra load', () => budget.callStarted())

function measure(name: string, step: (i: number) => void): void {
  for (const count of [rounds / 10, rounds]) {
    const beganMs = performance.now()
    for (let i = 0; i < count; i++) step(i)
    const ns = ((performance.now() - beganMs) * 1e6) / count
    if (count === rounds) console.log(`${name.padEnd(28)} ${ns.toFixed(0)} ns`)
  }
}
