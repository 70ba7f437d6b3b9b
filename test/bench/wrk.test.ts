import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readWrk } from '../../bench/kit/wrk.ts'

const good = `Running 3s test @ http://127.0.0.1:8080/api/work
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.12ms    3.02ms  50.00ms   98.99%
    Req/Sec    68.01k     2.00k   70.00k    90.00%
  Latency Distribution
     50%  850.00us
     75%    1.00ms
     90%    1.20ms
     99%    1.50s
  204512 requests in 3.01s, 1.25GB read
Requests/sec:  67944.19
Transfer/sec:    425.24MB
`

describe('the output of wrk', () => {
  it('is parsed with its units', () => {
    assert.deepEqual(readWrk(good), {
      requests: 204_512,
      requestsPerSecond: 67_944.19,
      mibPerSecond: 425.24,
      p50Ms: 0.85,
      p99Ms: 1500,
      failed: 0,
    })
  })

  it('counts broken connections and bad answers as failed', () => {
    const faults =
      '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\nRequests/sec:'
    assert.equal(readWrk(good.replace('Requests/sec:', faults)).failed, 15)
  })

  it('is an error if there were no answers', () => {
    assert.throws(() => readWrk(good.replace('204512', '0')), /wrk got no answer/)
  })
})
