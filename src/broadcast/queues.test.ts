import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NewDelivery, StoredLeg } from '../store/delivery-store.ts'
import { Delivery, type QueuedLeg } from './delivery.ts'
import { Queues } from './queues.ts'

function placeOf(id: string, lane: string | undefined): QueuedLeg {
  const none = { nextAttemptAt: undefined, waitMs: undefined, outcome: undefined, status: undefined, detail: undefined }
  const leg: StoredLeg = { target: 'a', state: 'pending', attempts: 0, ...none }
  const stored: NewDelivery = {
    id,
    route: 'POST /register',
    lane,
    idempotencyKey: undefined,
    fingerprint: '',
    createdAt: 0,
    request: { method: 'POST', path: '/', query: '', headers: [], body: undefined },
    legs: [leg],
  }
  return new Delivery(stored, 1, 0).places[0] as QueuedLeg
}

function idOf(place: QueuedLeg | undefined): string | undefined {
  return place?.delivery.id
}

/** Takes and releases legs until the queue is empty; returns their order. */
function emptied(queues: Queues, name: string): readonly (string | undefined)[] {
  const queue = queues.of(name)
  const order: (string | undefined)[] = []
  for (let place = queue.take(); place !== undefined; place = queue.take()) {
    order.push(idOf(place))
    queue.back()
    const next = queue.release(place)
    if (next !== undefined) queue.due(next)
  }
  return order
}

describe('rearranged queues', () => {
  it('merge two queues into one, in joining order', () => {
    const queues = new Queues()
    const places = ['1', '2', '3', '4'].map((id) => placeOf(id, 'bob'))
    for (const [n, place] of places.entries()) queues.join(n % 2 === 0 ? 'one a' : 'two a', place)
    queues.rearrange(places.toReversed(), () => 'two a')
    assert.deepEqual(emptied(queues, 'two a'), ['1', '2', '3', '4'])
    assert.ok(queues.of('two a').isEmpty)
  })

  it('put legs under way first, and count them against the limit', () => {
    const queues = new Queues()
    const [early, late, free] = [placeOf('early', 'bob'), placeOf('late', 'bob'), placeOf('free', undefined)]
    queues.join('one a', early)
    queues.join('two a', late)
    queues.join('one a', free)
    assert.equal(queues.of('two a').take(), late)
    late.leg.send()
    queues.rearrange([early, late, free], () => 'one a')
    const queue = queues.of('one a')
    assert.equal(queue.take(), undefined, 'one is out already')
    queue.limit(3)
    assert.equal(idOf(queue.take()), 'free')
    assert.equal(queue.take(), undefined)
    queue.back()
    assert.equal(queue.release(late), early)
  })

  it('are removed once empty and no longer configured', () => {
    const queues = new Queues()
    const place = placeOf('1', 'bob')
    queues.join('one a', place)
    queues.limit(new Map([['two a', 5]]))
    assert.deepEqual(
      queues.all().map(({ name }) => name),
      ['one a', 'two a'],
    )
    emptied(queues, 'one a')
    queues.limit(new Map([['two a', 5]]))
    assert.deepEqual(
      queues.all().map(({ name }) => name),
      ['two a'],
    )
  })
})
