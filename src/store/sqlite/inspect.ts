import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { logDamage } from './log-damage.ts'
import { applicationId, numberOf } from './schema.ts'
import {
  damagedLogText,
  damagedText,
  isSqliteError,
  onlyLogText,
  readOnlyText,
  StoreFaultError,
} from './store-fault.ts'

/** How long a process that is shutting down may still hold the store. */
export const lockWaitMs = 1000

/**
 * Checking a 400 MB store took 1.5 s from a cold disk, 0.2 s from memory. In a store larger than this, only the
 * requests are checked, which are kept only until they are delivered.
 */
const wholeCheckMaxBytes = 128 * 1024 * 1024

/** Contents of the path, found without changing a byte. */
export type Found = { readonly kind: 'nothing' } | { readonly kind: 'store'; readonly storeId: string }

/**
 * Throws a `StoreFaultError` for a file that must not be opened: it would be overwritten, or its contents misread.
 * `isStart`: memory does not know the contents.
 */
export function inspect(path: string, knownVersion: number, isStart: boolean): Found {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined && statSync(dirname(path), { throwIfNoEntry: false }) === undefined) {
    throw new StoreFaultError(
      'unavailable',
      `The store ${path} cannot be created: its folder ${dirname(path)} does not exist.`,
    )
  }
  if (file !== undefined && !file.isFile()) {
    throw new StoreFaultError('unavailable', `The store ${path} cannot be opened: it is not a file.`)
  }
  const real = file === undefined ? path : realpathSync(path)
  if (!mayWrite(dirname(real)) || (file !== undefined && !mayWrite(real))) {
    throw new StoreFaultError('unavailable', readOnlyText(path))
  }
  const hasLog = hasLogBeside(real)
  const isThere = file !== undefined && file.size > 0
  if (hasLog && isStart) {
    if (!isThere) throw new StoreFaultError('unavailable', onlyLogText(path, file === undefined ? 'gone' : 'empty'))
    const damage = logDamage(`${real}-wal`)
    if (damage !== undefined) throw new StoreFaultError('unavailable', damagedLogText(path, damage))
  }
  if (!isThere) return { kind: 'nothing' }

  using db = hasLog ? openWithLog(path, lockWaitMs) : openWithoutLog(path)
  const version = numberOf(db, 'PRAGMA user_version')
  if (numberOf(db, 'PRAGMA application_id') !== applicationId) {
    if (version === 0 && numberOf(db, 'SELECT count(*) FROM sqlite_schema') === 0) return { kind: 'nothing' }
    const text = `${path} is a database of another program. It was left unchanged. Set another store.path.`
    throw new StoreFaultError('unavailable', text)
  }
  if (version > knownVersion) {
    const text =
      `The store ${path} has version ${version}, but this Hedgerow supports versions up to ${knownVersion}. ` +
      'It was left unchanged. Run a newer Hedgerow, or set another store.path.'
    throw new StoreFaultError('unavailable', text)
  }
  check(db, path, file.size)
  const storeId = storeIdIn(db)
  if (hasLog) checkLog(path, storeId)
  return { kind: 'store', storeId }
}

/**
 * The number of unfinished deliveries in a store that this process does not open: 0 if there is no store, another
 * process has it open, or it cannot be read.
 */
export function unfinishedIn(path: string): number {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return 0
  try {
    using db = hasLogBeside(realpathSync(path)) ? openWithLog(path, 0) : openWithoutLog(path)
    return numberOf(db, 'SELECT count(*) FROM delivery WHERE pending > 0')
  } catch {
    return 0
  }
}

function hasLogBeside(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** A reader changes nothing, not even on closing; a writer would move the log into the database. */
function openWithLog(path: string, waitMs: number): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: waitMs })
  try {
    numberOf(db, 'PRAGMA user_version')
    return db
  } catch (error) {
    db.close()
    if (!isSqliteError(error, 'ioError', 'cannotOpen', 'full')) throw error
    return openWithoutIndex(path)
  }
}

/**
 * SQLite keeps the index of a log in a shared memory file, for which a full disk has no room. It keeps the index in its
 * own memory only with exclusive access. A reader cannot take that lock, and need not: an earlier check has shown that
 * no other process has the database open, and the next process to open it locks it.
 */
function openWithoutIndex(path: string): DatabaseSync {
  const url = pathToFileURL(path)
  url.searchParams.set('vfs', 'unix-none')
  const db = new DatabaseSync(url, { readOnly: true })
  db.exec('PRAGMA locking_mode = EXCLUSIVE')
  return db
}

/** `immutable` keeps SQLite from creating or reading a log. */
function openWithoutLog(path: string): DatabaseSync {
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true })
}

function storeIdIn(db: DatabaseSync): string {
  return String(db.prepare('SELECT store_id FROM meta').get()?.['store_id'])
}

/**
 * SQLite assumes that a log beside a database belongs to that database. If the log was left behind when another store
 * replaced its own, SQLite would write it into the other store.
 */
function checkLog(path: string, storeIdWithLog: string): void {
  let storeId: string
  try {
    using db = openWithoutLog(path)
    storeId = storeIdIn(db)
  } catch {
    // Everything is in the log: the process was killed while it created or migrated the store.
    return
  }
  if (storeId === storeIdWithLog) return
  const text =
    `The log ${path}-wal belongs to another store that was at ${path} before. Both were left ` +
    'unchanged. Move the log away, or put back the store it belongs to.'
  throw new StoreFaultError('unavailable', text)
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function check(db: DatabaseSync, path: string, bytes: number): void {
  const what = bytes <= wholeCheckMaxBytes ? '1' : 'request'
  const [found] = Object.values(db.prepare(`PRAGMA quick_check(${what})`).get() ?? {})
  if (found !== 'ok') throw new StoreFaultError('unavailable', damagedText(path, String(found)))
}
