import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { deadPort } from '../../test/kit/gateway.ts'
import { configSchema } from '../config/schema.ts'
import { systemClock } from '../kit/clock.ts'
import { EventBus } from '../kit/event-bus.ts'
import type { FrontOptions } from '../transport/server/front-options.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import { listenOptions, ownAcceptor } from './acceptor.ts'
import { Fronts } from './fronts.ts'
import { indexPage } from './pages.ts'
import { router } from './router.ts'

const events = new EventBus()

/** Serves nothing; with `index`, the index page. */
function configOf(port: number, index = false) {
  const config = configSchema.parse({ listen: { port } })
  const rules: FrontOptions = {
    listen: listenOptions(config),
    resolve: router(index ? [indexPage([])] : []),
    proxies: new TrustedProxies(config.trust),
    clock: systemClock(),
    events,
    newId: () => 'id',
    reportBug: (error) => {
      throw error
    },
  }
  return { config, rules }
}

async function opened(t: TestContext) {
  const port = await deadPort()
  const fronts = await Fronts.open(ownAcceptor({ isShared: false }), configOf(port))
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
    const change = await fronts.prepare(configOf(free, true))
    assert.deepEqual([await statusAt(port), await statusAt(free)], [404, 404])
    change.commit()
    assert.equal(await statusAt(free), 200)
    assert.equal(fronts.address.port, free)
    await change.retired?.()
    assert.equal(await statusAt(port), 'closed')
  })

  it('closes the new address at a rollback, and can move there later', async (t) => {
    const { port, fronts, free } = await opened(t)
    const refused = await fronts.prepare(configOf(free, true))
    await refused.rollback()
    assert.deepEqual([await statusAt(port), await statusAt(free), fronts.address.port], [404, 'closed', port])
    const change = await fronts.prepare(configOf(free, true))
    change.commit()
    assert.equal(await statusAt(free), 200)
  })

  it('opens no address of a reload that is committed while it drains', async (t) => {
    const { port, fronts, free } = await opened(t)
    const change = await fronts.prepare(configOf(free))
    await fronts.drain(undefined)
    change.commit()
    await change.retired?.()
    assert.deepEqual([await statusAt(free), fronts.address.port], ['closed', port])
    await assert.rejects(fronts.prepare(configOf(port)), /shutting down/)
  })
})
