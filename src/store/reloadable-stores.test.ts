import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { runtimeOf } from '../../test/kit/runtime.ts'
import { memoryStore } from './memory-store.ts'
import { memoryTickets } from './memory-tickets.ts'
import type { StoresConfig } from './open-stores.ts'
import { storeOptions } from './options.ts'
import { ReloadableStores } from './reloadable-stores.ts'

const ticketLimits = { maxTickets: 10, maxBytes: 1e6 }

/** Stores in memory that note which are open. */
function opened() {
  const open: number[] = []
  let count = 0
  const configOf = (isNeeded: boolean): StoresConfig => ({
    store: storeOptions.parse({ path: 'none.db' }),
    ticketLimits,
    isNeeded,
    kind: {
      open: async ({ limits }) => {
        const number = ++count
        open.push(number)
        const store = memoryStore({ limits })
        const close = async (): Promise<void> => void open.splice(open.indexOf(number), 1)
        return { ok: true, store: { ...store, close }, tickets: memoryTickets(ticketLimits), limit: () => {} }
      },
      unfinishedIn: async () => 0,
    },
  })
  return { stores: new ReloadableStores(runtimeOf({}), tmpdir()), open, configOf }
}

describe('ReloadableStores', () => {
  it('closes at a rollback what it opened for the refused configuration, and can open it later', async () => {
    const { stores, open, configOf } = opened()
    const refused = await stores.prepare(configOf(true))
    assert.deepEqual([open, stores.current], [[1], undefined])
    await refused.rollback()
    assert.deepEqual(open, [])
    const change = await stores.prepare(configOf(true))
    change.commit()
    assert.deepEqual([open, stores.current], [[2], change.stores])
    await stores.close()
    assert.deepEqual(open, [])
  })

  it('keeps the store in force open at a rollback', async () => {
    const { stores, open, configOf } = opened()
    const first = await stores.prepare(configOf(true))
    first.commit()
    const refused = await stores.prepare(configOf(false))
    await refused.rollback()
    assert.deepEqual([open, stores.current], [[1], first.stores])
    await stores.close()
  })
})
