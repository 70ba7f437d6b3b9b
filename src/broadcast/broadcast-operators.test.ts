import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bad, good, scene } from '../../test/kit/broadcast-scene.ts'
import { given } from '../../test/kit/results.ts'
import { settled } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { memoryStore } from '../store/memory-store.ts'

const inOrder = { order: { by: 'form.username' } } as const
const one = { names: ['a'] }

/** A store whose `update` can be made to refuse or to stall. */
function troubledStore() {
  const inner = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
  const held: (() => void)[] = []
  const trouble = { refuses: false, holds: false }
  const store: DeliveryStore = {
    insert: (delivery) => inner.insert(delivery),
    update: async (update) => {
      if (trouble.holds) await new Promise<void>((resolve) => held.push(resolve))
      return trouble.refuses ? failed(failure('STORE_UNAVAILABLE', 'down')) : inner.update(update)
    },
    find: (id) => inner.find(id),
    list: (filter) => inner.list(filter),
    unfinished: (after, limit) => inner.unfinished(after, limit),
    removeFinished: (before) => inner.removeFinished(before),
    figures: () => inner.figures(),
    close: () => inner.close(),
  }
  return {
    store,
    inner,
    trouble,
    release: () => {
      for (const resolve of held.splice(0)) resolve()
    },
  }
}

function numberOf(request: GatewayRequest): string {
  return /n=(\d)/.exec(Buffer.from(request.body as Uint8Array).toString())?.[1] ?? ''
}

function body(n: number) {
  return { body: Buffer.from(`username=bob&n=${n}`) }
}

describe('replay', () => {
  it('keeps the lane open when the dead leg is not yet on disk as dead', async () => {
    const { store, trouble } = troubledStore()
    let fails = true
    const { clock, write, deliveries, upstream } = scene(
      () => (fails ? bad : good),
      { attempts: 1, ...inOrder },
      store,
      one,
    )
    trouble.refuses = true
    write(body(1))
    await clock.advance(100)
    fails = false
    const replayed = deliveries.operator.operate('id-1', 'replay')
    await clock.advance(1000)
    assert.equal(await replayed.then((result) => typeof result), 'object', 'reports that the disk refused it')
    trouble.refuses = false
    await clock.advance(5000)
    const { answer } = write(body(2))
    await clock.advance(60_000)
    assert.ok(answer.outcome?.ok)
    assert.deepEqual(
      upstream.seen.map(({ request }) => numberOf(request)),
      ['1', '1', '2'],
    )
    assert.equal(deliveries.pendingCount, 0)
  })

  it('does nothing for a target that is no longer configured', async () => {
    const before = scene(() => bad, { attempts: 1 })
    before.write()
    await before.clock.advance(100)
    const after = scene(() => good, {}, before.store, { clock: before.clock, names: ['a', 'b'] })
    assert.equal(given(await after.deliveries.operator.operate('id-1', 'replay', { target: 'c' })), 0)
    const replayed = after.deliveries.operator.operate('id-1', 'replay')
    await after.clock.advance(100)
    assert.equal(given(await replayed), 2)
  })
})

describe('discard', () => {
  it('answers, and lets the lane go on, only once it is on disk', async () => {
    const { store, inner, trouble, release } = troubledStore()
    const answers = (_target: string, _attempt: number, request: GatewayRequest) =>
      numberOf(request) === '1' ? bad : good
    const { clock, write, deliveries, upstream } = scene(answers, inOrder, store, one)
    write(body(1))
    await clock.advance(100)
    write(body(2))
    await clock.advance(100)
    trouble.holds = true
    let answered = false
    const discarded = deliveries.operator.operate('id-1', 'discard').then((count) => {
      answered = true
      return count
    })
    await clock.advance(500)
    assert.equal(answered, false)
    assert.deepEqual(
      upstream.seen.map(({ request }) => numberOf(request)),
      ['1'],
    )
    const onDisk = given(await inner.find('id-1'))
    assert.equal(onDisk?.legs[0]?.state, 'pending')
    trouble.holds = false
    release()
    await clock.advance(100)
    assert.equal(given(await discarded), 1)
    assert.deepEqual(
      upstream.seen.map(({ request }) => numberOf(request)),
      ['1', '2'],
    )
  })

  it('cancels an attempt under way', async () => {
    const hangs = { afterMs: 3_600_000, status: 201 }
    const { clock, write, deliveries, upstream } = scene(() => hangs, { attemptTimeout: '1h' }, undefined, one)
    write()
    await clock.advance(100)
    const discarded = deliveries.operator.operate('id-1', 'discard')
    await clock.advance(1)
    assert.equal(given(await discarded), 1)
    assert.ok(upstream.seen[0]?.aborted !== undefined)
    assert.equal(deliveries.pendingCount, 0)
  })

  it('skips pending legs when only dead legs are selected', async () => {
    const waits = { afterMs: 3_600_000, status: 201 }
    const { clock, write, deliveries, store } = scene((target) => (target === 'a' ? bad : waits), {
      attempts: 1,
      attemptTimeout: '2h',
    })
    write()
    await clock.advance(100)
    const discarded = deliveries.operator.operate('id-1', 'discard', { state: 'dead' })
    await clock.advance(1)
    assert.equal(given(await discarded), 1)
    const stored = given(await store.find('id-1'))
    assert.ok(stored !== undefined && 'legs' in stored)
    assert.deepEqual(
      stored.legs.map(({ state }) => state),
      ['discarded', 'pending', 'pending'],
    )
  })

  it('skips a leg that is acknowledged at that very moment', async () => {
    const { clock, write, deliveries, store } = scene(() => good, {}, undefined, one)
    write()
    await clock.advance(10)
    const discarded = deliveries.operator.operate('id-1', 'discard')
    await clock.advance(10)
    assert.equal(given(await discarded), 0)
    const stored = given(await store.find('id-1'))
    assert.ok(stored !== undefined && 'legs' in stored && stored.legs[0]?.state === 'acknowledged')
  })
})

describe('stop', () => {
  it('completes although the store refuses every update', async () => {
    const { store, trouble } = troubledStore()
    const { clock, write, deliveries } = scene(() => good, {}, store)
    trouble.refuses = true
    write()
    await clock.advance(100)
    let stopped = false
    void deliveries.stop(1000).then(() => {
      stopped = true
    })
    await clock.advance(2000)
    assert.equal(stopped, true)
  })

  it('completes although the store does not answer', async () => {
    const { store, trouble } = troubledStore()
    const { clock, write, deliveries } = scene(() => good, {}, store)
    trouble.holds = true
    write()
    await clock.advance(100)
    let stopped = false
    void deliveries.stop(1000).then(() => {
      stopped = true
    })
    await clock.advance(6000)
    await settled()
    assert.equal(stopped, true)
  })
})

describe('Retry-After', () => {
  it('holds a lane up for at most five minutes', async () => {
    const busy = { afterMs: 10, fails: 'UPSTREAM_STATUS', retryAfterMs: 999_999_000 } as const
    const { clock, write, upstream } = scene((_target, attempt) => (attempt === 1 ? busy : good), {}, undefined, one)
    write()
    await clock.advance(299_000)
    assert.equal(upstream.seen.length, 1)
    await clock.advance(2000)
    assert.equal(upstream.seen.length, 2)
  })
})
