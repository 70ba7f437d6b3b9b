import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startBackend } from '../../../test/kit/backend.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { loadPath, RecentLatencies } from './load-report.ts'

describe('the load report of a backend', () => {
  it('has the median of recent answers, and none after ten quiet seconds', async () => {
    const clock = new VirtualClock()
    const latencies = new RecentLatencies(clock)
    assert.equal(latencies.medianMs(), undefined)
    for (const tookMs of [5, 500, 7]) latencies.add(tookMs)
    assert.equal(latencies.medianMs(), 7)
    await clock.advance(10_001)
    assert.equal(latencies.medianMs(), undefined)
  })

  it('counts the requests in progress, but not itself', async (t) => {
    const endpoints = {
      'GET /slow': { latency: { kind: 'fixed', ms: 20 } },
      'GET /stuck': { faults: { hangAfterAccept: 1 } },
    } as const
    const backend = await startBackend({ profile: { endpoints }, port: 0 })
    t.after(() => backend.close())
    await (await fetch(`${backend.url}/slow`)).text()
    const hanging = fetch(`${backend.url}/stuck`).catch(() => undefined)
    while (backend.stats().inFlight === 0) await new Promise(setImmediate)
    const { status, headers } = await fetch(backend.url + loadPath)
    assert.equal(status, 204)
    assert.equal(headers.get('x-load-in-flight'), '1')
    assert.ok(Number(headers.get('x-load-latency-ms')) >= 19)
    assert.equal(backend.stats().requests, 2)
    await backend.close()
    await hanging
  })
})
