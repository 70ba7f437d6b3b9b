import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { EventBus } from './event-bus.ts'

const { call } = callOf(new VirtualClock())

describe('EventBus', () => {
  it('delivers to a listener only its own kind of event, with the call', () => {
    const bus = new EventBus()
    const heard: unknown[] = []
    bus.on('retry.scheduled', (event, of) => heard.push([event.waitMs, of.id]))
    bus.emit({ type: 'retry.denied' }, call)
    bus.emit({ type: 'retry.scheduled', waitMs: 5 }, call)
    assert.deepEqual(heard, [[5, call.id]])
  })

  it('notifies all listeners in the order in which they were added', () => {
    const bus = new EventBus()
    const heard: string[] = []
    for (const name of ['a', 'b', 'c']) bus.on('hedge.denied', () => heard.push(name))
    bus.emit({ type: 'hedge.denied' }, call)
    assert.deepEqual(heard, ['a', 'b', 'c'])
  })

  it('skips removed listeners and still notifies the others', () => {
    const bus = new EventBus()
    const heard: string[] = []
    const [stopA] = ['a', 'b'].map((name) => bus.on('hedge.denied', () => heard.push(name)))
    stopA?.()
    stopA?.()
    bus.emit({ type: 'hedge.denied' }, call)
    assert.deepEqual(heard, ['b'])
  })

  it('allows listeners to be removed or added during delivery', () => {
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

  it('isolates an exception of one listener from the call and the others, and reports it once', () => {
    const faults: unknown[] = []
    const bus = new EventBus((error, about) => faults.push([String(error), about]))
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

  it('ignores events without listeners', () => {
    new EventBus().emit({ type: 'hedge.denied' }, call)
  })
})
