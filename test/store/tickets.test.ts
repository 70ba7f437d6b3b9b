import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { memoryTickets } from '../../src/store/memory-tickets.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { someTicket, ticketStoreConformance } from '../conformance/ticket-store.ts'
import { failureOf } from '../kit/calls.ts'
import { given } from '../kit/results.ts'
import { folderFor, optionsFor } from './place.ts'

ticketStoreConformance('memory', () => async (limits) => ({ tickets: memoryTickets(limits), close: async () => {} }), {
  reopening: 'what is only in memory ends with the store',
})

ticketStoreConformance('sqlite', (t) => {
  const path = join(folderFor(t), 'store.db')
  return async (ticketLimits) => {
    const opened = await openSqliteStore(optionsFor(path, { ticketLimits }))
    assert.ok(opened.ok)
    return { tickets: opened.tickets, close: () => opened.store.close() }
  }
})

describe('tickets in a store that fails', () => {
  it('are refused while the file is missing, and kept once it is back', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const opened = await openSqliteStore(optionsFor(path))
    assert.ok(opened.ok)
    const { tickets, store } = opened
    await tickets.put(someTicket('before'))
    for (const name of [path, `${path}-wal`]) rmSync(name)
    assert.equal(failureOf(await tickets.put(someTicket('a'))).code, 'STORE_UNAVAILABLE')
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal(given(await tickets.put(someTicket('a'))), 'kept')
    await store.close()
    assert.ok(typeof (await tickets.put(someTicket('b'))) === 'object')
  })
})
