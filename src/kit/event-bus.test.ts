import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { EventBus } from './event-bus.ts'

const { call } = callOf(new VirtualClock())

describe('EventBus', () => {
  it('tells a listener of its own kind of event only, and whose it is', () => {
    const bus = new EventBus()
    const heard: unknown[] = []
    bus.on('retry.scheduled', (event, of) => heard.push([event.waitMs, of.id]))
    bus.emit({ type: 'retry.denied' }, call)
    bus.emit({ type: 'retry.scheduled', waitMs: 5 }, call)
    assert.deepEqual(heard, [[5, call.id]])
  })

  it('tells all who listen, in the order in which they came', () => {
    const bus = new EventBus()
    const heard: string[] = []
    for (const name of ['a', 'b', 'c']) bus.on('hedge.denied', () => heard.push(name))
    bus.emit({ type: 'hedge.denied' }, call)
    assert.deepEqual(heard, ['a', 'b', 'c'])
  })

  it('tells nobody who has stopped, and the others as before', () => {
    const bus = new EventBus()
    const heard: string[] = []
    const [stopA] = ['a', 'b'].map((name) => bus.on('hedge.denied', () => heard.push(name)))
    stopA?.()
    stopA?.()
    bus.emit({ type: 'hedge.denied' }, call)
    assert.deepEqual(heard, ['b'])
  })

  it('lets a listener stop itself, or another come, while all are told', () => {
    const bus = new EventBus()
    const heard: string[] = []
    const stop = bus.on('hedge.denied', () => {
      heard.push('once')
      stop()
      bus.on('hedge.denied', () => heard.push('new'))
    })
    bus.on('hedge.denied', () => heard.push('always'))
    bus.emit({ type: 'hedge.denied' }, call)
    bus.emit({ type: 'hedge.denied' }, call)
    assert.deepEqual(heard, ['once', 'always', 'always', 'new'])
  })

  it('keeps a fault of one listener from the call and from the others, and tells of it once', () => {
    const faults: unknown[] = []
    const bus = new EventBus((fault, about) => faults.push([String(fault), about]))
    const heard: string[] = []
    bus.on('hedge.denied', () => {
      throw new Error('broken')
    })
    bus.on('hedge.denied', () => heard.push('other'))
    bus.emit({ type: 'hedge.denied' }, call)
    bus.emit({ type: 'hedge.denied' }, call)
    assert.deepEqual(heard, ['other', 'other'])
    assert.deepEqual(faults, [['Error: broken', 'a listener to hedge.denied']])
  })

  it('carries events that nobody listens to nowhere', () => {
    new EventBus().emit({ type: 'hedge.denied' }, call)
  })
})
