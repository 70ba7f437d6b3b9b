import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { SpanQueue } from './span-queue.ts'

const span = {} as ReadableSpan

/** A collector that follows the script for each post in turn, and then accepts all. */
function open(script: readonly ('take' | 'refuse' | 'hang' | 'throw')[] = [], change: object = {}) {
  const clock = new VirtualClock()
  const posts: { readonly count: number; readonly atMs: number; readonly signal: AbortSignal }[] = []
  const told: string[] = []
  const queue = new SpanQueue({
    send: (spans, signal) => {
      const does = script[posts.length] ?? 'take'
      posts.push({ count: spans.length, atMs: clock.now(), signal })
      if (does === 'throw') throw new Error('thrown')
      if (does === 'refuse') return Promise.reject(new Error('fetch failed', { cause: new Error('refused') }))
      return does === 'hang' ? new Promise(() => {}) : Promise.resolve()
    },
    clock,
    maxQueued: 10,
    maxBatch: 4,
    intervalMs: 1000,
    timeoutMs: 3000,
    log: (text) => told.push(text),
    ...change,
  })
  const add = (count: number): void => {
    for (let i = 0; i < count; i++) queue.onEnd(span)
  }
  return { clock, posts, told, queue, add, sent: () => posts.map(({ count, atMs }) => [count, atMs]) }
}

describe('SpanQueue', () => {
  it('gathers spans for an interval, or until a batch is full', async () => {
    const { clock, add, sent, queue } = open()
    add(2)
    await clock.advance(999)
    assert.deepEqual(sent(), [])
    await clock.advance(1)
    assert.deepEqual(sent(), [[2, 1000]])
    add(6)
    await settled()
    assert.deepEqual(sent(), [
      [2, 1000],
      [4, 1000],
    ])
    await clock.advance(1000)
    assert.deepEqual(sent().at(-1), [2, 2000])
    assert.deepEqual(queue.counts, { sent: 8, dropped: 0 })
    assert.equal(clock.pendingCount, 0)
  })

  it('posts one batch at a time', async () => {
    const { clock, add, posts } = open(['hang'])
    add(9)
    await clock.advance(2999)
    assert.equal(posts.length, 1)
    await clock.advance(1)
    assert.equal(posts[0]?.signal.aborted, true)
  })

  it('drops spans when full, and counts them', async () => {
    const { add, queue } = open(['hang'])
    add(30)
    assert.deepEqual(queue.counts, { sent: 0, dropped: 16 })
  })

  for (const failing of ['refuse', 'throw', 'hang'] as const) {
    it(`reports once that the collector fails (${failing}) and once that it recovers, and pauses in between`, async () => {
      const { clock, add, queue, told, sent } = open([failing, failing])
      add(1)
      await clock.advance(1000)
      await clock.advance(failing === 'hang' ? 3000 : 0)
      assert.equal(told.length, 1)
      assert.match(told[0] ?? '', { refuse: /refused$/, throw: /thrown$/, hang: /no answer within 3000 ms$/ }[failing])
      add(1)
      await clock.advance(4999)
      assert.equal(sent().length, 1)
      await clock.advance(3001)
      add(1)
      await clock.advance(5000)
      assert.equal(told.length, 2)
      assert.match(told[1] ?? '', /again; 2 spans have been dropped/)
      assert.deepEqual(queue.counts, { sent: 1, dropped: 2 })
    })
  }

  it('reports the first reason if a host refuses at each of its addresses', async () => {
    const reasons = [new Error('connect ECONNREFUSED ::1:4318'), new Error('connect ECONNREFUSED 127.0.0.1:4318')]
    const { clock, add, told } = open([], { send: () => Promise.reject(new AggregateError(reasons)) })
    add(1)
    await clock.advance(1000)
    assert.match(told[0] ?? '', /: connect ECONNREFUSED ::1:4318$/)
  })

  it('sends all waiting spans on shutdown', async () => {
    const { add, queue, clock, sent } = open()
    add(9)
    await queue.shutdown()
    assert.deepEqual(
      sent().map(([count]) => count),
      [4, 4, 1],
    )
    assert.deepEqual(queue.counts, { sent: 9, dropped: 0 })
    assert.equal(clock.pendingCount, 0)
    add(1)
    assert.equal(queue.counts.dropped, 1)
  })

  it('shuts down within two seconds, whatever the collector does', async () => {
    const { clock, add, queue, posts } = open(['hang'])
    add(9)
    let ended = false
    void queue.shutdown().then(() => (ended = true))
    await clock.advance(1999)
    assert.equal(ended, false)
    await clock.advance(1)
    assert.equal(ended, true)
    assert.equal(posts[0]?.signal.aborted, true)
    assert.deepEqual(queue.counts, { sent: 0, dropped: 9 })
    assert.equal(clock.pendingCount, 0)
  })

  it('shuts down at once if the collector fails or nothing waits', async () => {
    const { clock, add, queue, posts } = open(['refuse'])
    add(1)
    await clock.advance(1000)
    add(3)
    await queue.shutdown()
    assert.deepEqual([posts.length, queue.counts.dropped, clock.pendingCount], [1, 4, 0])
    const idle = open()
    await idle.queue.shutdown()
    assert.equal(idle.clock.pendingCount, 0)
  })
})
