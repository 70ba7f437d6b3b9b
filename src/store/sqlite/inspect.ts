import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { damagedText, StoreFault } from './fault.ts'
import { applicationId, numberOf } from './schema.ts'

/** How long a process that is on its way out may still hold the store. */
export const lockWaitMs = 1000

/**
 * A store of 400 MB took 1.5 s to check from a cold disk, 0.2 s from memory. In one that is larger than this only the
 * requests are checked, which are there as long as they are to be sent.
 */
const wholeCheckMaxBytes = 128 * 1024 * 1024

/** What lies at the path, found out without changing a byte of it. */
export type Found = { readonly kind: 'nothing' } | { readonly kind: 'store'; readonly storeId: string }

/** Throws a `StoreFault` for what must not be opened: it would be overwritten, or its contents misunderstood. */
export function inspect(path: string, knownVersion: number): Found {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined && statSync(dirname(path), { throwIfNoEntry: false }) === undefined) {
    throw new StoreFault('unavailable', `The store ${path} cannot be made: its folder ${dirname(path)} is not there.`)
  }
  if (file === undefined || (file.isFile() && file.size === 0)) return { kind: 'nothing' }
  if (!file.isFile()) throw new StoreFault('unavailable', `The store ${path} cannot be opened: it is no file.`)

  using db = openUnchanging(path)
  const version = numberOf(db, 'PRAGMA user_version')
  if (numberOf(db, 'PRAGMA application_id') !== applicationId) {
    if (version === 0 && numberOf(db, 'SELECT count(*) FROM sqlite_schema') === 0) return { kind: 'nothing' }
    const text = `${path} is a database of another program. It was left as it is. Give another file in store.path.`
    throw new StoreFault('unavailable', text)
  }
  if (version > knownVersion) {
    const text =
      `The store ${path} has version ${version}, and this Hedgerow knows versions up to ${knownVersion}. ` +
      'It was left as it is. Run a newer Hedgerow, or give another file in store.path.'
    throw new StoreFault('unavailable', text)
  }
  check(db, path, file.size)
  return { kind: 'store', storeId: String(db.prepare('SELECT store_id FROM meta').get()?.['store_id']) }
}

/**
 * A reader changes nothing, not even on closing, where a writer would move the log into the database. Where there is no
 * log, `immutable` keeps SQLite from making one.
 */
function openUnchanging(path: string): DatabaseSync {
  const logBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (logBytes > 0) return new DatabaseSync(path, { readOnly: true, timeout: lockWaitMs })
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true })
}

function check(db: DatabaseSync, path: string, bytes: number): void {
  const what = bytes <= wholeCheckMaxBytes ? '1' : 'request'
  const [found] = Object.values(db.prepare(`PRAGMA quick_check(${what})`).get() ?? {})
  if (found !== 'ok') throw new StoreFault('unavailable', damagedText(path, String(found)))
}
