import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runtimeOf } from '../../test/kit/runtime.ts'
import { failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import { memoryStore } from '../store/memory-store.ts'
import { Broadcasts } from './broadcasts.ts'
import { broadcastOptions } from './options.ts'

it('Broadcasts gives a route new facts once the calls of a former configuration have ended', async (t) => {
  const service = async () => failed(failure('INTERNAL', 'never called'))
  const broadcasts = new Broadcasts(runtimeOf({}), (name, options) => {
    const { upstream, attempts, attemptTimeout: attemptTimeoutMs, concurrency, success } = options
    const rest = { attempts, attemptTimeoutMs, concurrency, statuses: success.status, send: service }
    return { service, route: { name, upstream, targets: [], schedule: { baseMs: 1, maxMs: 1, jitterMs: 0 }, ...rest } }
  })
  t.after(async () => {
    await broadcasts.stop(0)
    broadcasts.close()
  })
  const options = broadcastOptions.parse({ upstream: 'accounts' })
  const routes = [{ name: 'POST /register', options }]
  const broadcast = { routes, upstreams: {}, retentionMs: 1000, exposed: new Set<string>() }
  const store = memoryStore({ limits: { maxUndeliveredBytes: 1000 } })
  const first = await broadcasts.prepare({ broadcast, store, traces: undefined })
  first.commit()
  await first.retired?.()
  const facts = broadcasts.factsOf('POST /register')
  const second = await broadcasts.prepare({ broadcast: { ...broadcast, routes: [] }, store, traces: undefined })
  second.commit()
  assert.equal(broadcasts.factsOf('POST /register'), facts)
  await second.retired?.()
  assert.notEqual(broadcasts.factsOf('POST /register'), facts)
})
