import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { someDelivery, usualBytes } from '../conformance/deliveries.ts'
import { given } from '../kit/results.ts'
import { cleanup, folderFor, optionsFor } from './place.ts'

it('an open store applies a new limit at once', async (t) => {
  const path = join(folderFor(t), 'store.db')
  const opened = await openSqliteStore(optionsFor(path, { limits: { maxUndeliveredBytes: usualBytes } }))
  assert.ok(opened.ok)
  const { store, limit } = opened
  cleanup(t, () => store.close())
  const kinds = async (): Promise<string> => (await store.insert(someDelivery())).kind
  assert.deepEqual([await kinds(), await kinds()], ['inserted', 'refused'])
  limit({ maxUndeliveredBytes: 3 * usualBytes })
  assert.deepEqual([await kinds(), await kinds(), await kinds()], ['inserted', 'inserted', 'refused'])
  limit({ maxUndeliveredBytes: usualBytes })
  const figures = given(await store.figures())
  assert.ok('deliveries' in figures && figures.deliveries === 3)
  assert.equal(await kinds(), 'refused')
})
