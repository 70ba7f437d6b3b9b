import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { Counts } from '../counts/counts.ts'
import { type ThreadGauges, watchFigures } from './watched-figures.ts'

function opened(gauges: Partial<ThreadGauges>) {
  const clock = new VirtualClock()
  const watching = watchFigures(clock, new Counts({ routes: [], targets: [], live: true }))
  const servers: ThreadGauges = {
    process: async () => undefined,
    connections: async () => ({ active: 0 }),
    waiters: async () => ({ open: 0 }),
    ...gauges,
  }
  const counts = { running: 2, exits: { died: 0, idle: 0, reload: 0 }, lostCalls: 0 }
  return { clock, watching, servers, counts, workers: () => counts }
}

describe('the gauges of the live figures', () => {
  it('show answers a second after the request, and the previous value if there is no answer', async (t) => {
    let connections = async () => ({ active: 1 })
    let open = 1
    const { clock, watching, servers, workers } = opened({
      connections: () => connections(),
      waiters: async () => ({ open }),
    })
    t.after(() => watching.close())
    watching.connect({ servers, store: undefined, hasWaiters: true, workers })
    await clock.advance(1000)
    const now = () => {
      const { process, waiters, deliveries } = watching.figures.latest()
      return [process.clientConnections, waiters, deliveries]
    }
    assert.deepEqual(now(), [1, 1, undefined])
    connections = () => Promise.reject(new Error('it has died'))
    open = 2
    await clock.advance(2000)
    assert.deepEqual(now(), [1, 2, undefined])
  })

  it('show running and dead workers as of that second', async (t) => {
    const { clock, watching, servers, workers, counts } = opened({})
    t.after(() => watching.close())
    watching.connect({ servers, store: undefined, hasWaiters: false, workers })
    await clock.advance(1000)
    assert.deepEqual(watching.figures.latest().workers, { running: 2, died: 0 })
    counts.running = 1
    counts.exits.died = 1
    await clock.advance(1000)
    assert.deepEqual(watching.figures.latest().workers, { running: 1, died: 1 })
  })

  it('omit parts that the configuration no longer has', async (t) => {
    const { clock, watching, servers, workers } = opened({ waiters: async () => ({ open: 7 }) })
    t.after(() => watching.close())
    watching.connect({ servers, store: undefined, hasWaiters: true, workers })
    await clock.advance(1000)
    assert.equal(watching.figures.latest().waiters, 7)
    watching.connect({ servers, store: undefined, hasWaiters: false, workers })
    await clock.advance(2000)
    assert.equal(watching.figures.latest().waiters, undefined)
  })
})
