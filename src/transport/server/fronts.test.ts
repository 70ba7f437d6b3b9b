import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { deadPort } from '../../../test/kit/gateway.ts'
import { succeeded } from '../../core/outcome.ts'
import { ownResponse } from '../../core/response.ts'
import { systemClock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { listenOptions, ownAcceptor } from './acceptor.ts'
import type { ListenerOptions } from './front-options.ts'
import { Fronts } from './fronts.ts'
import { listenerOptions } from './options.ts'
import { ownRoute } from './own-route.ts'
import { TrustedProxies } from './proxies.ts'
import { router } from './router.ts'

const events = new EventBus()

const index = ownRoute({
  method: 'GET',
  path: '/',
  what: 'index',
  service: async () => succeeded(ownResponse(200, [], Buffer.from('here'))),
  servesWhileDraining: false,
})

/** Serves nothing; with `hasIndex`, one page. */
function optionsAt(port: number, hasIndex = false): ListenerOptions {
  return {
    listen: listenOptions(listenerOptions.parse({ port })),
    resolve: router(hasIndex ? [index] : []),
    proxies: new TrustedProxies([]),
    clock: systemClock(),
    events,
    newId: () => 'id',
    reportBug: (error) => {
      throw error
    },
  }
}

async function opened(t: TestContext) {
  const port = await deadPort()
  const fronts = await Fronts.open(ownAcceptor({ isShared: false }), optionsAt(port))
  t.after(() => fronts.close())
  return { port, fronts, free: await deadPort() }
}

async function statusAt(port: number): Promise<number | 'closed'> {
  const asked = fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  return asked.then(
    ({ status }) => status,
    () => 'closed',
  )
}

describe('Fronts', () => {
  it('serves by the former rules until the commit, also at a new address', async (t) => {
    const { port, fronts, free } = await opened(t)
    const change = await fronts.prepare(optionsAt(free, true))
    assert.deepEqual([await statusAt(port), await statusAt(free)], [404, 404])
    change.commit()
    assert.equal(await statusAt(free), 200)
    assert.equal(fronts.address.port, free)
    await change.retired?.()
    assert.equal(await statusAt(port), 'closed')
  })

  it('closes the new address at a rollback, and can move there later', async (t) => {
    const { port, fronts, free } = await opened(t)
    const refused = await fronts.prepare(optionsAt(free, true))
    await refused.rollback()
    assert.deepEqual([await statusAt(port), await statusAt(free), fronts.address.port], [404, 'closed', port])
    const change = await fronts.prepare(optionsAt(free, true))
    change.commit()
    assert.equal(await statusAt(free), 200)
  })

  it('opens no address of a reload that is committed while it drains', async (t) => {
    const { port, fronts, free } = await opened(t)
    const change = await fronts.prepare(optionsAt(free))
    await fronts.drain(undefined)
    change.commit()
    await change.retired?.()
    assert.deepEqual([await statusAt(free), fronts.address.port], ['closed', port])
    await assert.rejects(fronts.prepare(optionsAt(port)), /shutting down/)
  })
})
