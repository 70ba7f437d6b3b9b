import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { migrate, type SchemaStep, schemaSteps } from '../../src/store/sqlite/schema.ts'
import {
  allLegs,
  countsOf,
  found,
  inserted,
  requestWith,
  sequencesOf,
  someDelivery,
  updated,
} from '../conformance/deliveries.ts'
import { given } from '../kit/results.ts'
import { fingerprintOf, folderFor, problemAt, storeAt } from './place.ts'

/** A closed store with this many unfinished deliveries. */
async function filledStore(t: TestContext, count: number): Promise<string> {
  const path = join(folderFor(t), 'store.db')
  const store = await storeAt(t, path)
  await Promise.all(Array.from({ length: count }, () => inserted(store, someDelivery())))
  await store.close()
  return path
}

async function refusedUntouched(folder: string, path: string): Promise<string> {
  const before = fingerprintOf(folder)
  const problem = await problemAt(path)
  assert.deepEqual(fingerprintOf(folder), before, 'something was changed or added')
  assert.ok(problem.includes(path), `${problem} names the path`)
  return problem
}

describe('opening an SQLite store', () => {
  it('creates it if there is nothing, or an empty file', async (t) => {
    const folder = folderFor(t)
    writeFileSync(join(folder, 'empty.db'), '')
    for (const name of ['new.db', 'empty.db', 'with blank, # and ?.db']) {
      const store = await storeAt(t, join(folder, name))
      await inserted(store, someDelivery())
      await store.close()
      assert.ok(existsSync(join(folder, name)))
    }
  })

  it('follows a symbolic link; the log is next to the target of the link', async (t) => {
    const [folder, elsewhere] = [folderFor(t), folderFor(t)]
    const path = join(folder, 'link.db')
    symlinkSync(join(elsewhere, 'store.db'), path)
    for (const count of [1, 2]) {
      const store = await storeAt(t, path)
      await inserted(store, someDelivery())
      assert.equal(given(await store.figures()).deliveries, count)
      assert.ok(existsSync(join(elsewhere, 'store.db-wal')))
      await store.close()
    }
  })

  it('leaves one file when it is closed, which can be copied', async (t) => {
    const path = await filledStore(t, 100)
    assert.deepEqual(Object.keys(fingerprintOf(join(path, '..'))), ['store.db'])
    copyFileSync(path, `${path}.copy`)
    const copy = await storeAt(t, `${path}.copy`)
    assert.equal(given(await copy.unfinished(0, 1000)).length, 100)
  })

  it('names the missing folder', async (t) => {
    const folder = folderFor(t)
    const problem = await problemAt(join(folder, 'missing', 'store.db'))
    assert.match(problem, /store\.db cannot be created: its folder \S+\/missing does not exist/)
    assert.deepEqual(fingerprintOf(folder), {})
  })

  it('rejects a folder in place of the file', async (t) => {
    const folder = folderFor(t)
    mkdirSync(join(folder, 'store.db'))
    assert.match(await problemAt(join(folder, 'store.db')), /store\.db cannot be opened: it is not a file/)
  })

  it('rejects a file that is no database, and leaves it unchanged', async (t) => {
    const folder = folderFor(t)
    const path = join(folder, 'notes.txt')
    writeFileSync(path, 'These are notes.\n'.repeat(1000))
    const problem = await refusedUntouched(folder, path)
    assert.match(problem, /damaged or not an SQLite database.*left unchanged.*good copy.*move both away/)
  })

  it('rejects a store with a damaged page, and leaves it unchanged', async (t) => {
    const path = await filledStore(t, 500)
    const bytes = readFileSync(path)
    const pages = bytes.length / 4096
    assert.ok(pages > 20)
    let refused = 0
    // Every page in turn except the first: without its header the file is no database at all.
    for (let page = 1; page < pages; page++) {
      const damaged = Buffer.from(bytes)
      damaged.fill(0xa5, page * 4096, page * 4096 + 2048)
      writeFileSync(path, damaged)
      assert.match(await refusedUntouched(join(path, '..'), path), /damaged/)
      refused++
    }
    assert.equal(refused, pages - 1)
  })

  it('rejects a truncated store, and leaves it unchanged', async (t) => {
    const path = await filledStore(t, 500)
    truncateSync(path, 5 * 4096)
    assert.match(await refusedUntouched(join(path, '..'), path), /damaged/)
    truncateSync(path, 1000)
    assert.match(await refusedUntouched(join(path, '..'), path), /damaged/)
  })

  it('rejects the database of another program, and leaves it unchanged', async (t) => {
    for (const mode of ['WAL', 'DELETE']) {
      const folder = folderFor(t)
      const path = join(folder, 'other.db')
      const other = new DatabaseSync(path)
      other.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Ann')`)
      other.close()
      assert.match(await refusedUntouched(folder, path), /database of another program.*store\.path/)
    }
  })

  it('rejects a store of a newer version, and leaves it unchanged, with or without a log', async (t) => {
    const path = await filledStore(t, 10)
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    // As after a crash: only the log has the version.
    const crashed = folderFor(t)
    for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, join(crashed, `store.db${suffix}`))
    newer.close()
    for (const folder of [join(path, '..'), crashed]) {
      const problem = await refusedUntouched(folder, join(folder, 'store.db'))
      assert.match(problem, /has version 99, but this Hedgerow supports versions up to 2\. It was left unchanged/)
    }
  })

  it('refuses to create a store next to the log of a missing one, and leaves the log unchanged', async (t) => {
    const path = await filledStore(t, 10)
    const crashed = folderFor(t)
    const store = await storeAt(t, path)
    await inserted(store, someDelivery())
    copyFileSync(`${path}-wal`, join(crashed, 'store.db-wal'))
    assert.match(
      await refusedUntouched(crashed, join(crashed, 'store.db')),
      /is gone, but its log .* Put the store back/,
    )
  })

  it('rejects an empty file next to a log, and a damaged log, and leaves all files unchanged', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const store = await storeAt(t, path)
    for (let i = 0; i < 5; i++) await inserted(store, someDelivery())
    const log = readFileSync(`${path}-wal`)
    const frame = 24 + 4096
    const crashedWith = (change: (folder: string) => void): string => {
      const folder = folderFor(t)
      for (const suffix of ['', '-wal']) copyFileSync(path + suffix, join(folder, `store.db${suffix}`))
      change(folder)
      return folder
    }
    const flipped = (at: number): string =>
      crashedWith((folder) => writeFileSync(join(folder, 'store.db-wal'), log.with(at, (log[at] as number) ^ 1)))
    for (const [folder, expected] of [
      [crashedWith((at) => truncateSync(join(at, 'store.db'))), /is empty, but its log .* Put the store back/],
      [flipped(0), /store\.db-wal .* is damaged \(its header has the wrong signature\)/],
      [flipped(17), /the checksum of its header does not match/],
      [flipped(32 + 24 + 100), /its frame 0 is damaged, and valid frames follow it/],
      [flipped(32 + 20), /its frame 0 is damaged/],
      [flipped(32 + 2 * frame + 4096), /its frame 2 is damaged/],
    ] as const) {
      assert.match(await refusedUntouched(folder, join(folder, 'store.db')), expected)
    }
  })

  it('opens a log whose end was half written at a power loss, without that end', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const store = await storeAt(t, path)
    for (let i = 0; i < 5; i++) await inserted(store, someDelivery())
    const log = readFileSync(`${path}-wal`)
    for (const [torn, count] of [
      [log, 5],
      [log.subarray(0, log.length - 2000), 4],
      [log.with(log.length - 2000, (log.at(-2000) as number) ^ 1), 4],
      [Buffer.concat([log, Buffer.alloc(9000)]), 5],
      [Buffer.alloc(log.length), 0],
    ] as const) {
      const folder = folderFor(t)
      copyFileSync(path, join(folder, 'store.db'))
      writeFileSync(join(folder, 'store.db-wal'), torn)
      const opened = await storeAt(t, join(folder, 'store.db'))
      assert.equal(given(await opened.unfinished(0, 100)).length, count)
    }
  })

  it('creates files that only their owner may read', async (t) => {
    const path = join(folderFor(t), 'store.db')
    await inserted(await storeAt(t, path), someDelivery())
    for (const name of [path, `${path}-wal`]) assert.equal(statSync(name).mode & 0o077, 0)
  })

  it('rejects a store next to the log of another store', async (t) => {
    const path = await filledStore(t, 10)
    // Someone replaced a store whose process had been killed.
    const crashed = folderFor(t)
    const store = await storeAt(t, join(crashed, 'store.db'))
    await inserted(store, someDelivery())
    copyFileSync(join(crashed, 'store.db-wal'), `${path}-wal`)
    assert.match(
      await refusedUntouched(join(path, '..'), path),
      /store\.db-wal belongs to another store.*Move the log away/,
    )
    unlinkSync(`${path}-wal`)
    assert.equal(given(await (await storeAt(t, path)).unfinished(0, 100)).length, 10)
  })

  it('migrates a store from version 1 to version 2, with all its data', async (t) => {
    const path = await filledStore(t, 10)
    const db = new DatabaseSync(path)
    // Columns that version 1 did not have.
    db.exec('DROP TABLE ticket; PRAGMA user_version = 1')
    db.close()
    const store = await storeAt(t, path)
    assert.equal(given(await store.unfinished(0, 100)).length, 10)
    await store.close()
    const opened = new DatabaseSync(path)
    assert.deepEqual({ ...opened.prepare('PRAGMA user_version').get() }, { user_version: 2 })
    assert.deepEqual(opened.prepare('SELECT * FROM ticket').all(), [])
    opened.close()
  })

  it('would migrate a store beyond the latest version, with all its data', async (t) => {
    const path = await filledStore(t, 10)
    const next: SchemaStep = (db) => db.exec("ALTER TABLE delivery ADD COLUMN region TEXT NOT NULL DEFAULT 'here'")
    const db = new DatabaseSync(path)
    migrate(db, [...schemaSteps, next], 'unused')
    assert.deepEqual(
      { ...db.prepare('SELECT count(*) AS count, min(region) AS region FROM delivery').get() },
      {
        count: 10,
        region: 'here',
      },
    )
    assert.deepEqual({ ...db.prepare('PRAGMA user_version').get() }, { user_version: schemaSteps.length + 1 })
    db.close()
    assert.match(await problemAt(path), /has version 3/)
  })

  it('leaves a store at its version when a migration step fails', async (t) => {
    const path = await filledStore(t, 10)
    const db = new DatabaseSync(path)
    const steps: readonly SchemaStep[] = [
      ...schemaSteps,
      (db) => db.exec('ALTER TABLE delivery ADD COLUMN region TEXT'),
      () => assert.fail('a bug in a step'),
    ]
    assert.throws(() => migrate(db, steps, 'unused'), /a bug in a step/)
    db.close()
    const store = await storeAt(t, path)
    assert.equal(given(await store.unfinished(0, 100)).length, 10)
  })

  it('loads unfinished deliveries in parts, however large they are', async (t) => {
    const path = join(folderFor(t), 'store.db')
    const store = await storeAt(t, path)
    const large = someDelivery({ request: requestWith({ body: Buffer.alloc(3_000_000, 7) }) })
    const sequences = await Promise.all(
      Array.from({ length: 2500 }, (_, n) =>
        inserted(store, n % 500 === 3 ? { ...large, id: `large-${n}` } : someDelivery()),
      ),
    )
    await updated(store, allLegs(sequences[7] ?? 0, 'acknowledged'))
    const before = await countsOf(store)
    await store.close()
    const again = await storeAt(t, path)
    assert.deepEqual(await countsOf(again), before)
    const expected = sequences.filter((_, n) => n !== 7)
    assert.deepEqual(sequencesOf(given(await again.unfinished(0, 10_000))), expected)
    assert.equal((await found(again, 'large-503')).request?.body?.[2_999_999], 7)
  })
})
