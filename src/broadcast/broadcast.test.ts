import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bad, good, headerOf, scene, sentTo } from '../../test/kit/broadcast-scene.ts'
import { failureOf, responseOf, textOf } from '../../test/kit/calls.ts'
import { given } from '../../test/kit/results.ts'
import { resume } from '../../test/kit/resume.ts'
import { settled } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { seededRandom } from '../kit/random.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { memoryStore } from '../store/memory-store.ts'
import { waitMs } from './schedule.ts'

describe('broadcast', () => {
  it('sends to every target at once and answers with the first good answer', async () => {
    const { clock, upstream, write } = scene((target) => ({
      ...good,
      afterMs: { a: 30, b: 20, c: 40 }[target] ?? 0,
      body: target,
    }))
    const { answer } = write()
    await clock.advance(1000)
    assert.deepEqual(
      upstream.seen.map(({ sentMs }) => sentMs),
      [0, 0, 0],
    )
    assert.equal(textOf(answer.outcome), 'b')
    assert.equal(answer.settledMs, 20)
  })

  it('retries a target on schedule until it acknowledges', async () => {
    const { clock, upstream, write, deliveries } = scene((target, attempt) =>
      target === 'b' && attempt < 6 ? bad : good,
    )
    write()
    await clock.advance(120_000)
    const random = seededRandom(1)
    const expected = [0]
    for (let retry = 0; retry < 5; retry++) {
      const wait = waitMs({ baseMs: 1000, maxMs: 64_000, jitterMs: 100 }, retry, undefined, random)
      expected.push((expected.at(-1) as number) + 10 + wait)
    }
    assert.deepEqual(sentTo(upstream, 'b').map(Math.round), expected.map(Math.round))
    assert.equal(sentTo(upstream, 'a').length, 1)
    assert.equal(deliveries.pendingCount, 0)
  })

  it('sends the same key with every attempt, and numbers the attempts', async () => {
    const { clock, upstream, write } = scene((_target, attempt) => (attempt < 3 ? bad : good))
    write()
    await clock.advance(20_000)
    assert.deepEqual(
      new Set(upstream.seen.map(({ request }) => headerOf(request, 'idempotency-key'))),
      new Set(['id-1']),
    )
    const counts = upstream.seen
      .filter(({ request }) => request.attempt?.target.name === 'a')
      .map(({ request }) => headerOf(request, 'x-hedgerow-attempt'))
    assert.deepEqual(counts, ['1', '2', '3'])
  })

  it('answers 202 with a location at the deadline, and goes on', async () => {
    const { clock, write, deliveries } = scene((_target, attempt) => (attempt < 5 ? bad : good))
    const { answer } = write()
    await clock.advance(5000)
    const { status, headers } = responseOf(answer.outcome)
    assert.equal(status, 202)
    assert.equal(headers[headers.indexOf('location') + 1], '/_hedgerow/deliveries/id-1')
    assert.equal(headers[headers.indexOf('link') + 1], '</_hedgerow/deliveries/id-1>; rel="status"')
    assert.equal(answer.settledMs, 5000)
    assert.equal(deliveries.pendingCount, 1)
    await clock.advance(60_000)
    assert.equal(deliveries.pendingCount, 0)
  })

  it('answers 502 when every target has used up its attempts', async () => {
    const { clock, write, store } = scene(() => bad, { attempts: 2 })
    const { answer } = write()
    await clock.advance(2000)
    assert.equal(failureOf(answer.outcome).code, 'BROADCAST_FAILED')
    const figures = given(await store.figures())
    assert.ok('deadLegs' in figures && figures.deadLegs === 3)
  })

  it('does not count an attempt that failed because the gateway had no descriptor', async () => {
    let isExhausted = true
    const { clock, write, store } = scene(() => (isExhausted ? { afterMs: 10, fails: 'GATEWAY_EXHAUSTED' } : good), {
      attempts: 2,
      respond: 'accepted',
    })
    write()
    await clock.advance(60_000)
    isExhausted = false
    await clock.advance(5000)
    const figures = given(await store.figures())
    assert.ok('deadLegs' in figures)
    assert.deepEqual([figures.deadLegs, figures.pendingLegs], [0, 0])
  })

  it('waits for every target with respond: all, and for none with respond: accepted', async () => {
    const all = scene((target) => ({ ...good, afterMs: target === 'c' ? 300 : 10 }), { respond: 'all' })
    const { answer } = all.write()
    await all.clock.advance(299)
    assert.equal(answer.outcome, undefined)
    await all.clock.advance(2)
    assert.equal(responseOf(answer.outcome).status, 201)

    const accepted = scene(() => good, { respond: 'accepted' })
    const write = accepted.write()
    await settled()
    assert.equal(responseOf(write.answer.outcome).status, 202)
  })

  it('goes on when the client disconnects', async () => {
    const { clock, write, deliveries, upstream } = scene((_target, attempt) => (attempt < 2 ? bad : good))
    const { call } = write()
    await clock.advance(5)
    call.abort(failure('CLIENT_GONE', 'gone'))
    await clock.advance(10_000)
    assert.equal(upstream.seen.length, 6)
    assert.equal(deliveries.pendingCount, 0)
  })

  it('keeps a lane in order at each target, and lets other lanes pass', async () => {
    const { clock, upstream, write } = scene(
      (target, attempt, request) => {
        const first = Buffer.from(request.body as Uint8Array).toString() === 'username=bob&n=1'
        return target === 'a' && first && attempt < 3 ? bad : good
      },
      { order: { by: 'form.username' } },
    )
    for (const body of ['username=bob&n=1', 'username=bob&n=2', 'username=eve&n=3']) write({ body: Buffer.from(body) })
    await clock.advance(60_000)
    const at = (target: string) =>
      upstream.seen
        .filter(({ request }) => request.attempt?.target.name === target)
        .map(({ request }) =>
          Buffer.from(request.body as Uint8Array)
            .toString()
            .slice(-1),
        )
        .join('')
    assert.equal(at('a'), '13112')
    assert.equal(at('b'), '132')
  })

  it('makes one delivery and one answer per key, and refuses the key with another body', async () => {
    const { clock, upstream, write } = scene(() => good)
    const keyed = { headers: ['Idempotency-Key', 'k1'] }
    const one = write(keyed)
    const two = write(keyed)
    await clock.advance(100)
    assert.equal(upstream.seen.length, 3)
    assert.equal(textOf(one.answer.outcome), 'created')
    assert.equal(textOf(two.answer.outcome), 'created')
    const later = write(keyed)
    const other = write({ ...keyed, body: Buffer.from('username=eve') })
    await clock.advance(100)
    assert.equal(textOf(later.answer.outcome), 'created')
    assert.equal(failureOf(other.answer.outcome).code, 'IDEMPOTENCY_MISMATCH')
    assert.equal(upstream.seen.length, 3)
  })

  it('replays a dead letter and discards another', async () => {
    let works = false
    const { clock, write, deliveries, upstream } = scene(() => (works ? good : bad), { attempts: 1 })
    write()
    await clock.advance(1000)
    works = true
    assert.equal(given(await deliveries.operator.operate('id-1', 'replay', { target: 'a' })), 1)
    assert.equal(given(await deliveries.operator.operate('id-1', 'discard', { target: 'b' })), 1)
    await clock.advance(1000)
    assert.equal(sentTo(upstream, 'a').length, 2)
    assert.equal(sentTo(upstream, 'b').length, 1)
    assert.equal(given(await deliveries.operator.operate('id-1', 'replay', { target: 'a' })), 0)
    assert.equal(given(await deliveries.operator.operate('nothing', 'replay')), undefined)
    assert.equal(deliveries.pendingCount, 0)
  })

  it('resumes deliveries of an earlier run, not before they are due', async () => {
    const store = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
    const before = scene((target) => (target === 'a' ? bad : good), { attempts: 9 }, store)
    before.write()
    await before.clock.advance(1500)
    await Promise.all([before.deliveries.stop(0), before.clock.advance(1)])
    const after = scene(() => good, {}, store)
    await after.clock.advance(1501)
    await resume(after.deliveries, store)
    await after.clock.advance(60_000)
    assert.deepEqual(
      after.upstream.seen.map(({ request }) => [request.attempt?.target.name, headerOf(request, 'x-hedgerow-attempt')]),
      [['a', '3']],
    )
    assert.ok((sentTo(after.upstream, 'a')[0] as number) >= 3000)
    assert.deepEqual(after.faults, [])
  })

  it('keeps a lane in order when it resumes deliveries that some targets already have', async () => {
    const store = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
    const order = { order: { by: 'target' } }
    const before = scene((target) => (target === 'a' ? bad : good), { attempts: 99, ...order }, store)
    for (const body of ['n=1', 'n=2', 'n=3']) before.write({ body: Buffer.from(body) })
    await before.clock.advance(1500)
    await Promise.all([before.deliveries.stop(0), before.clock.advance(1)])
    const after = scene(() => good, order, store, { idPrefix: 'later' })
    await after.clock.advance(1501)
    await resume(after.deliveries, store)
    for (const body of ['n=4', 'n=5']) after.write({ body: Buffer.from(body) })
    await after.clock.advance(60_000)
    const toA = after.upstream.seen.filter(({ request }) => request.attempt?.target.name === 'a')
    assert.deepEqual(
      toA.map(({ request }) => Buffer.from(request.body as Uint8Array).toString()),
      ['n=1', 'n=2', 'n=3', 'n=4', 'n=5'],
    )
    assert.equal(after.deliveries.pendingCount, 0)
  })

  it('answers at the deadline if the store has not, and delivers a write stored later', async () => {
    const memory = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
    const { promise: diskIsBack, resolve: bringDiskBack } = Promise.withResolvers<void>()
    const slow: DeliveryStore = {
      insert: async (delivery) => {
        await diskIsBack
        return memory.insert(delivery)
      },
      update: (update) => memory.update(update),
      find: (id) => memory.find(id),
      list: (filter) => memory.list(filter),
      unfinished: (after, limit) => memory.unfinished(after, limit),
      removeFinished: (before) => memory.removeFinished(before),
      figures: () => memory.figures(),
      close: () => memory.close(),
    }
    const { clock, write, upstream } = scene(() => good, {}, slow)
    const { answer } = write()
    await clock.advance(5000)
    assert.equal(failureOf(answer.outcome).code, 'DEADLINE')
    assert.equal(answer.settledMs, 5000)
    bringDiskBack()
    await clock.advance(100)
    assert.equal(upstream.seen.length, 3)
  })
})
