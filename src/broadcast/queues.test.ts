import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import type { NewDelivery, StoredLeg } from '../store/delivery-store.ts'
import { Delivery, type DeliveryLeg } from './delivery.ts'
import { Queues } from './queues.ts'

function legOf(id: string, lane: string | undefined): DeliveryLeg {
  const none = { nextAttemptAt: undefined, waitMs: undefined, outcome: undefined, status: undefined, detail: undefined }
  const stored: StoredLeg = { target: 'a', state: 'pending', attempts: 0, ...none }
  const delivery: NewDelivery = {
    id,
    route: 'POST /register',
    lane,
    idempotencyKey: undefined,
    fingerprint: '',
    createdAt: 0,
    request: { method: 'POST', path: '/', query: '', headers: [], body: undefined },
    legs: [stored],
  }
  return new Delivery(delivery, 1, 0).legs[0] as DeliveryLeg
}

function idOf(leg: DeliveryLeg | undefined): string | undefined {
  return leg?.delivery.id
}

/** Takes and releases legs until the queue is empty; returns their order. */
function emptied(queues: Queues, name: string): readonly (string | undefined)[] {
  const queue = queues.of(name)
  const order: (string | undefined)[] = []
  for (let leg = queue.take(); leg !== undefined; leg = queue.take()) {
    order.push(idOf(leg))
    queue.back()
    const next = queue.release(leg)
    if (next !== undefined) queue.due(next)
  }
  return order
}

describe('rearranged queues', () => {
  it('merge two queues into one, in joining order', () => {
    const queues = new Queues()
    const legs = ['1', '2', '3', '4'].map((id) => legOf(id, 'bob'))
    for (const [n, leg] of legs.entries()) queues.join(n % 2 === 0 ? 'one a' : 'two a', leg)
    queues.rearrange(legs.toReversed(), () => 'two a')
    assert.deepEqual(emptied(queues, 'two a'), ['1', '2', '3', '4'])
    assert.ok(queues.of('two a').isEmpty)
  })

  it('put legs under way first, and count them against the limit', () => {
    const queues = new Queues()
    const [early, late, free] = [legOf('early', 'bob'), legOf('late', 'bob'), legOf('free', undefined)]
    queues.join('one a', early)
    queues.join('two a', late)
    queues.join('one a', free)
    assert.equal(queues.of('two a').take(), late)
    late.send({ call: callOf(new VirtualClock()).call, ended: Promise.resolve() })
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
    queues.join('one a', legOf('1', 'bob'))
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
