import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from './clock.ts'
import { processProbe } from './process-probe.ts'

it('reports that the process works and that its event loop was delayed', async (t) => {
  const clock = systemClock()
  const probe = processProbe(clock)
  t.after(() => probe.close())
  // The first sample only starts the measurement.
  await sleep(60)
  const before = clock.now()
  while (clock.now() < before + 120);
  await sleep(60)
  const { cpuUserMs, cpuSystemMs, memory, loop, startedAtMs } = probe.figures()
  assert.ok(loop.delayMs.max > 80, `held up for ${loop.delayMs.max} ms`)
  assert.ok(loop.delayMs.p50 < loop.delayMs.max)
  assert.ok(loop.activeMs >= 100)
  assert.ok(cpuUserMs + cpuSystemMs >= 100)
  assert.ok(memory.residentBytes > memory.heapUsedBytes && memory.heapUsedBytes > 1e6 && memory.externalBytes > 0)
  assert.ok(startedAtMs < clock.wallNow() && startedAtMs > clock.wallNow() - 3_600_000)
  assert.deepEqual(probe.figures().loop.delayMs, loop.delayMs, 'a second reader within the window sees the same')
})
