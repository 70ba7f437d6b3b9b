import assert from 'node:assert/strict'
import { basename, dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { storesConfig } from '../../src/config/derived/stores-config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { openStores } from '../../src/store/open-stores.ts'
import { inserted, someDelivery } from '../conformance/deliveries.ts'
import { VirtualClock } from '../kit/virtual-clock.ts'
import { fingerprintOf, folderFor, storeAt } from './place.ts'

/** Log lines when no route needs the store at this path. */
async function toldOf(path: string): Promise<readonly string[]> {
  const text = `
upstreams: { work: { targets: [http://127.0.0.1:9101] } }
store: { path: ${basename(path)} }
routes: [{ match: /*, forward: { upstream: work } }]`
  const parsed = parseConfig(text, { file: 'hedgerow.yaml', format: 'yaml', env: {} })
  assert.ok(parsed.ok)
  const told: string[] = []
  const options = { folder: dirname(path), clock: new VirtualClock(), log: (line: string) => told.push(line) }
  assert.equal(await openStores(storesConfig(parsed.config), options), undefined)
  return told
}

describe('a store that no route needs any more', () => {
  it('is left unchanged, and its pending deliveries are reported', async (t) => {
    const folder = folderFor(t)
    const path = join(folder, 'store.db')
    assert.deepEqual(await toldOf(path), [])
    const store = await storeAt(t, path)
    for (let i = 0; i < 2; i++) await inserted(store, someDelivery())
    assert.deepEqual(await toldOf(path), [], 'another process has it open')
    await store.close()
    const before = fingerprintOf(folder)
    const [told, ...others] = await toldOf(path)
    assert.match(
      told ?? '',
      /store\.db holds 2 unfinished deliveries, but no route uses `broadcast`: they wait until one does/,
    )
    assert.equal(others.length, 0)
    assert.deepEqual(fingerprintOf(folder), before)
  })
})
