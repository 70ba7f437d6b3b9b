import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/kit/clock.ts'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite/sqlite-store.ts'

const cleanups = new WeakMap<TestContext, (() => void | Promise<void>)[]>()

/** Runs at the end of the test, last first: the store closes before its disk goes, and the disk before its folder. */
export function cleanup(t: TestContext, action: () => void | Promise<void>): void {
  const known = cleanups.get(t)
  if (known !== undefined) {
    known.push(action)
    return
  }
  const actions = [action]
  cleanups.set(t, actions)
  t.after(async () => {
    for (const one of actions.toReversed()) await one()
  })
}

/** A folder that is removed after the test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-store-'))
  cleanup(t, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type StoreChange = Partial<Omit<SqliteStoreOptions, 'path'>>

export function optionsFor(path: string, change: StoreChange = {}): SqliteStoreOptions {
  const limits = { maxUndeliveredBytes: Number.MAX_SAFE_INTEGER }
  return { path, clock: systemClock(), limits, log: () => undefined, ...change }
}

/** An open store, closed at the end of the test. */
export async function storeAt(t: TestContext, path: string, change: StoreChange = {}): Promise<DeliveryStore> {
  const opened = await openSqliteStore(optionsFor(path, change))
  assert.ok(opened.ok, opened.ok ? '' : opened.problem)
  cleanup(t, () => opened.store.close())
  return opened.store
}

/** The error on opening the path. */
export async function problemAt(path: string): Promise<string> {
  const opened = await openSqliteStore(optionsFor(path))
  if (opened.ok) {
    await opened.store.close()
    assert.fail(`${path} was opened`)
  }
  return opened.problem
}

/** Names and contents of the files in a folder; not of `-shm`, which holds no data and which any reader may rebuild. */
export function fingerprintOf(folder: string): object {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  )
}
