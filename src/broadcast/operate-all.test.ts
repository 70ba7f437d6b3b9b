import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bad, good, scene } from '../../test/kit/broadcast-scene.ts'
import type { FakeUpstream, Script } from '../../test/kit/fake-upstream.ts'
import { given } from '../../test/kit/results.ts'
import type { GatewayRequest } from '../core/request.ts'

const inOrder = { order: { by: 'form.lane' }, attempts: 1 } as const
const one = { names: ['a'] }

function numberOf(request: GatewayRequest): number {
  return Number(/n=(\d+)/.exec(Buffer.from(request.body as Uint8Array).toString())?.[1])
}

function writeOf(lane: string, n: number) {
  return { body: Buffer.from(`lane=${lane}&n=${n}`) }
}

/** The writes that reached a target, by lane. */
function arrivedAt(target: string, { seen }: FakeUpstream, from: number): Record<string, readonly number[]> {
  const requests = seen.slice(from).map(({ request }) => request)
  const here = requests.filter(({ attempt }) => attempt?.target.name === target)
  const lanes: Record<string, number[]> = {}
  for (const request of here) {
    const lane = /lane=(\w+)/.exec(Buffer.from(request.body as Uint8Array).toString())?.[1] ?? ''
    const numbers = (lanes[lane] ??= [])
    numbers.push(numberOf(request))
  }
  return lanes
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

describe('replay of all dead letters', () => {
  it('sends the dead letters of a lane in the order of their writes', async () => {
    let works = false
    const hangs: Script = { afterMs: 3_600_000, status: 201 }
    // Half of them are still under way to another target: they are in memory and need no read from the store.
    const { clock, write, deliveries, upstream, store } = scene(
      (target, _attempt, request) => {
        if (target === 'b') return numberOf(request) % 2 === 0 ? hangs : good
        return works ? good : bad
      },
      { ...inOrder, attemptTimeout: '2h' },
      undefined,
      { names: ['a', 'b'] },
    )
    for (const n of range(601, 606)) write(writeOf('x', n))
    await clock.advance(100)
    works = true
    const before = upstream.seen.length
    const replayed = deliveries.operator.operateAll('replay', { target: 'a' })
    await clock.advance(1000)
    assert.deepEqual(given(await replayed), { deliveries: 6, legs: 6, refused: undefined })
    assert.deepEqual(arrivedAt('a', upstream, before), { x: range(601, 606) })
    const figures = given(await store.figures())
    assert.equal(figures.deadLegs, 0)
  })

  it('keeps every lane in order with thousands of dead letters during new writes', async () => {
    let works = false
    const { clock, write, deliveries, upstream } = scene(() => (works ? good : bad), inOrder, undefined, one)
    for (const n of range(1, 3000)) write(writeOf(`lane${n % 7}`, n))
    await clock.advance(6000)
    assert.equal(deliveries.pendingCount, 0)
    works = true
    const before = upstream.seen.length
    const replayed = deliveries.operator.operateAll('replay', {})
    for (const n of range(3001, 3070)) write(writeOf(`lane${n % 7}`, n))
    await clock.advance(60_000)
    assert.deepEqual(given(await replayed), { deliveries: 3000, legs: 3000, refused: undefined })
    const arrived = arrivedAt('a', upstream, before)
    for (const lane of range(0, 6)) {
      const ofLane = (from: number, to: number) => range(from, to).filter((n) => n % 7 === lane)
      const numbers = arrived[`lane${lane}`] ?? []
      assert.deepEqual(
        numbers.filter((n) => n <= 3000),
        ofLane(1, 3000),
      )
      assert.deepEqual(
        numbers.filter((n) => n > 3000),
        ofLane(3001, 3070),
      )
    }
  })

  it('skips legs that another replay has under way', async () => {
    let works = false
    const { clock, write, deliveries, upstream } = scene(() => (works ? good : bad), inOrder, undefined, one)
    for (const n of range(1, 6)) write(writeOf('x', n))
    await clock.advance(100)
    works = true
    const before = upstream.seen.length
    const both = [deliveries.operator.operateAll('replay', {}), deliveries.operator.operateAll('replay', {})]
    await clock.advance(1000)
    const legs = (await Promise.all(both)).map((result) => given(result).legs)
    assert.equal((legs[0] ?? 0) + (legs[1] ?? 0), 6)
    assert.deepEqual(arrivedAt('a', upstream, before), { x: range(1, 6) })
  })

  it('takes only the dead letters of the named route', async () => {
    const { clock, write, deliveries } = scene(() => bad, inOrder, undefined, one)
    write(writeOf('x', 1))
    await clock.advance(100)
    const none = { deliveries: 0, legs: 0, refused: undefined }
    assert.deepEqual(given(await deliveries.operator.operateAll('replay', { route: 'POST /other' })), none)
    const replayed = deliveries.operator.operateAll('replay', { route: 'POST /register' })
    await clock.advance(100)
    assert.deepEqual(given(await replayed), { deliveries: 1, legs: 1, refused: undefined })
  })
})

describe('discard of all dead letters', () => {
  it('skips legs that are still pending at another target', async () => {
    const waits: Script = { afterMs: 3_600_000, status: 201 }
    const { clock, write, deliveries, store } = scene((target) => (target === 'a' ? bad : waits), {
      attempts: 1,
      attemptTimeout: '2h',
    })
    for (const n of range(1, 3)) write(writeOf('x', n))
    await clock.advance(100)
    const discarded = deliveries.operator.operateAll('discard', {})
    await clock.advance(10)
    assert.deepEqual(given(await discarded), { deliveries: 3, legs: 3, refused: undefined })
    const figures = given(await store.figures())
    assert.deepEqual([figures.deadLegs, figures.pendingLegs], [0, 6])
  })

  it('discards pending legs on request', async () => {
    const waits: Script = { afterMs: 3_600_000, status: 201 }
    const { clock, write, deliveries, upstream } = scene(() => waits, { attemptTimeout: '2h' }, undefined, one)
    for (const n of range(1, 3)) write(writeOf('x', n))
    await clock.advance(100)
    const discarded = deliveries.operator.operateAll('discard', { state: 'pending' })
    await clock.advance(10)
    assert.deepEqual(given(await discarded), { deliveries: 3, legs: 3, refused: undefined })
    assert.equal(upstream.openCount, 0)
  })
})
