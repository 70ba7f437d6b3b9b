import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import { codeOf, failureOf, responseOf } from '../../../test/kit/calls.ts'
import { layerBench } from '../../../test/kit/layers.ts'
import { type HeaderPairs, headerValue } from '../../core/headers.ts'
import { seededRandom } from '../../kit/random.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { rateLimitOptions } from './options.ts'
import { rateLimit } from './rate-limit.ts'

function limited(options: Partial<z.input<typeof rateLimitOptions>>) {
  const parsed = rateLimitOptions.parse({ limit: 10, burst: 2, ...options })
  const bench = layerBench(
    (clock) =>
      rateLimit(parsed, {
        clock,
        random: seededRandom(1),
        memory: new SharedMemory(),
        clientOf: ({ headers }) => headerValue(headers, 'x-forwarded-for'),
      }),
    () => ({ afterMs: 0, body: 'ok' }),
  )
  const ask = async (headers: HeaderPairs = []) => {
    const sent = bench.send({ headers })
    await bench.clock.advance(0)
    return sent
  }
  const codes = async (...all: readonly HeaderPairs[]) => {
    const told = []
    for (const headers of all) told.push(codeOf((await ask(headers)).answer.outcome))
    return told
  }
  return { ...bench, ask, codes }
}

const from = (address: string): HeaderPairs => ['x-forwarded-for', address]
const tooMany = 'RATE_LIMITED'

describe('rateLimit', () => {
  it('refuses calls above the rate, says when to retry, and reports it', async () => {
    const { clock, ask, upstream } = limited({})
    await clock.advance(5000)
    await ask()
    await ask()
    const { answer, events } = await ask()
    const { code, retryAfterMs, headers = [] } = failureOf(answer.outcome)
    assert.deepEqual([code, Math.round(retryAfterMs ?? 0)], [tooMany, 100])
    assert.deepEqual(headers, ['ratelimit-policy', '"client";q=10;w=1', 'ratelimit', '"client";r=0;t=1'])
    assert.deepEqual(events, [{ type: 'call.shed', reason: 'rate' }])
    assert.equal(upstream.seen.length, 2)
    await clock.advance(100)
    assert.equal(codeOf((await ask()).answer.outcome), 'ok')
  })

  it('sends the remaining quota with every answer', async () => {
    const { ask } = limited({ per: '1m', limit: 60, burst: 30 })
    const { headers } = responseOf((await ask()).answer.outcome)
    assert.equal(headerValue(headers, 'ratelimit-policy'), '"client";q=60;w=60')
    assert.equal(headerValue(headers, 'ratelimit'), '"client";r=29;t=1')
  })

  it('reports a window of less than a second as a whole one', async () => {
    const { ask } = limited({ per: '100ms', limit: 5 })
    const { headers } = responseOf((await ask()).answer.outcome)
    assert.equal(headerValue(headers, 'ratelimit-policy'), '"client";q=50;w=1')
  })

  it('counts each client by itself, and a /64 network as one', async () => {
    const { codes } = limited({ burst: 1 })
    assert.deepEqual(await codes(from('192.0.2.1'), from('192.0.2.2'), from('192.0.2.1')), ['ok', 'ok', tooMany])
    assert.deepEqual(await codes(from('2001:db8::1'), from('2001:db8::2'), from('2001:db8:0:1::1')), [
      'ok',
      tooMany,
      'ok',
    ])
  })

  it('counts by the value of a field, and by client without it', async () => {
    const { codes } = limited({ burst: 1, by: 'header:X-Api-Key' })
    const key = (value: string): HeaderPairs => ['x-api-key', value, ...from('192.0.2.1')]
    assert.deepEqual(await codes(key('a'), key('b'), key('a')), ['ok', 'ok', tooMany])
    assert.deepEqual(await codes(from('192.0.2.1'), from('192.0.2.1'), key('192.0.2.1')), ['ok', tooMany, 'ok'])
  })

  it('ignores an empty or repeated field, so that adding one admits no extra call', async () => {
    const { codes } = limited({ burst: 1, by: 'header:X-Api-Key' })
    const keys = (...values: readonly string[]): HeaderPairs => [
      ...values.flatMap((value) => ['x-api-key', value]),
      ...from('192.0.2.1'),
    ]
    assert.deepEqual(await codes(keys('1', 'a'), keys('2', 'a'), keys('')), ['ok', tooMany, tooMany])
    assert.deepEqual(await codes(['x-api-key', '', ...from('192.0.2.2')]), ['ok'])
  })

  it('words the policy for one call and for several', async () => {
    for (const [limit, detail] of [
      [1, 'Allowed: 1 call per 1s, at most 1 at once'],
      [2, 'Allowed: 2 calls per 1s, at most 1 at once'],
    ] as const) {
      const { ask } = limited({ limit, burst: 1 })
      await ask()
      const { answer } = await ask()
      assert.equal(failureOf(answer.outcome).detail, detail)
    }
  })

  it('counts all calls of the route together', async () => {
    const { codes } = limited({ burst: 1, by: 'route' })
    assert.deepEqual(await codes(from('192.0.2.1'), from('192.0.2.2')), ['ok', tooMany])
  })

  it('gives each client the limit as burst by default', async () => {
    const { codes } = limited({ burst: undefined, limit: 3 })
    assert.deepEqual(await codes([], [], [], []), ['ok', 'ok', 'ok', tooMany])
  })
})
