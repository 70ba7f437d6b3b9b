import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readAb } from '../../bench/kit/ab.ts'
import type { WorkersRow } from '../../bench/kit/results.ts'
import { judgeScaling, judgeTable, scalingByCpu } from '../../bench/workers-bounds.ts'

function row(concurrency: number, requestsPerSecond: number, failed = 0): WorkersRow {
  return { workers: 4, calls: 800, concurrency, completed: 800 - failed, failed, requestsPerSecond }
}

describe('the bounds of workers', () => {
  it('hold if more concurrency gives more requests/s and no call fails', () => {
    const [failed, grows] = judgeTable([row(80, 200), row(1, 2.5), row(40, 90), row(40, 110)])
    assert.deepEqual([failed?.holds, grows?.holds], [true, true])
  })

  it('catch a failed call and falling throughput', () => {
    const [failed, grows] = judgeTable([row(1, 2.5), row(40, 100, 1), row(80, 90)])
    assert.deepEqual([failed?.value, failed?.holds], [1, false])
    assert.deepEqual([grows?.value, grows?.holds], [1, false])
  })

  it('require 1.7 times the throughput from two workers with their own cores', () => {
    const one = { workers: 1, cpuUs: [30, 30, 30], requestsPerSecond: [100, 100, 100] }
    const two = { workers: 2, cpuUs: [33, 33, 33], requestsPerSecond: [160, 160, 190] }
    assert.equal(judgeScaling([one, two], true)[0]?.holds, false)
    assert.deepEqual(judgeScaling([one, two], false), [])
    assert.equal(scalingByCpu([one, two]).toFixed(2), '1.82')
  })
})

describe('the output of ab', () => {
  const output =
    'Complete requests:      400\nFailed requests:        3\nNon-2xx responses:      2\nRequests per second:    98.51 [#/sec] (mean)\n  50%    402\n  99%    498\n'

  it('counts only good answers as completed', () => {
    assert.deepEqual(readAb(output, 400), {
      completed: 395,
      failed: 5,
      requestsPerSecond: 98.51,
      p50Ms: 402,
      p99Ms: 498,
    })
  })

  it('counts as failed altogether if ab broke off', () => {
    assert.deepEqual(readAb('apr_socket_recv: Connection refused (111)', 400), {
      completed: 0,
      failed: 400,
      requestsPerSecond: 0,
      p50Ms: Number.NaN,
      p99Ms: Number.NaN,
    })
  })
})
