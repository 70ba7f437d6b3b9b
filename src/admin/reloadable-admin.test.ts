import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { type Config, configSchema } from '../config/schema.ts'
import { apply } from '../kit/reload.ts'
import type { OperatorApi } from './operator-api.ts'
import { ReloadableAdmin } from './reloadable-admin.ts'

/** Servers that refuse a port that another one has, as sockets do. */
function fakeServers() {
  const taken = new Set<number>()
  const start = async (config: Config): Promise<OperatorApi | undefined> => {
    if (config.admin === undefined) return undefined
    const port = config.admin.port === 0 ? 40_000 : config.admin.port
    if (taken.has(port)) throw new Error(`port ${port} is taken`)
    taken.add(port)
    return {
      address: { address: '127.0.0.1', family: 'IPv4', port },
      change: () => {},
      drain: () => {},
      close: async () => {
        taken.delete(port)
      },
    }
  }
  const clock = new VirtualClock()
  const reportBug = (error: unknown): void => assert.fail(String(error))
  const admin = new ReloadableAdmin({ clock, reportBug }, start)
  return { clock, admin, taken }
}

const at = (port: number): Config => configSchema.parse({ admin: { port } })
const without = configSchema.parse({})

describe('the admin side across reloads', () => {
  it('moves back at once, although its former address still answers', async () => {
    const { clock, admin, taken } = fakeServers()
    for (const port of [1, 2, 1]) await apply(admin, at(port))
    assert.equal(admin.current?.address.port, 1)
    await clock.advance(1000)
    assert.deepEqual([...taken], [1])
  })

  it('can be removed and added again at once', async () => {
    const { clock, admin, taken } = fakeServers()
    for (const config of [at(1), without, at(1)]) await apply(admin, config)
    await clock.advance(1000)
    assert.deepEqual([admin.current?.address.port, ...taken], [1, 1])
  })

  it('keeps a former server that a pending reload needs, and closes it after a rollback', async () => {
    const { clock, admin, taken } = fakeServers()
    for (const port of [1, 2]) await apply(admin, at(port))
    const back = await admin.prepare(at(1))
    await clock.advance(1000)
    assert.ok(taken.has(1), 'the reload may still be committed')
    await back.rollback()
    await clock.advance(1000)
    assert.deepEqual([admin.current?.address.port, ...taken], [2, 2])
  })

  it('stays where it is if port 0 becomes the port that it was given', async () => {
    const { admin, taken } = fakeServers()
    for (const port of [0, 40_000]) await apply(admin, at(port))
    assert.deepEqual([...taken], [40_000])
  })

  it('closes former servers with the current one', async () => {
    const { clock, admin, taken } = fakeServers()
    for (const port of [1, 2]) await apply(admin, at(port))
    await admin.close()
    assert.equal(taken.size, 0)
    await clock.advance(1000)
  })
})
