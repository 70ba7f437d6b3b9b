import { randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { OpenRequest } from './exchanges.ts'
import { inspect, lockWaitMs } from './inspect.ts'
import { OpenFiles } from './open-files.ts'
import { Room } from './room.ts'
import { migrate, numberOf, schemaSteps } from './schema.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { fullText, isFull, StoreFaultError } from './store-fault.ts'
import { TicketTable } from './ticket-table.ts'
import type { Transactions } from './transactions.ts'

interface Meta {
  readonly lastSequence: number
  readonly deliveries: number
}

/** The open database, and the transactions that change it. */
export class Database implements Transactions {
  readonly db: DatabaseSync
  readonly statements: Statements
  readonly tickets: TicketTable
  readonly path: string
  readonly storeId: string
  readonly made: boolean
  /** Kept here so that neither needs a scan; written together with the changes that affect them. */
  lastSequence: number
  deliveries: number
  readonly room: Room
  readonly #files: OpenFiles
  #written: Meta

  private constructor(db: DatabaseSync, path: string, made: boolean) {
    this.db = db
    this.path = path
    this.statements = prepareStatements(db)
    this.tickets = new TicketTable(this)
    const meta = db.prepare('SELECT store_id, last_sequence, deliveries FROM meta').get() ?? {}
    this.storeId = String(meta['store_id'])
    this.made = made
    this.lastSequence = Number(meta['last_sequence'])
    this.deliveries = Number(meta['deliveries'])
    this.#written = { lastSequence: this.lastSequence, deliveries: this.deliveries }
    // If the path is a symbolic link, the log is beside the link's target.
    const real = db.location() ?? path
    this.room = new Room(db, real)
    this.#files = new OpenFiles(path, `${real}-wal`)
  }

  /** Throws a `StoreFaultError`, or an error of SQLite. */
  static open({ path, storeId }: OpenRequest): Database {
    const found = inspect(path, schemaSteps.length, storeId === undefined)
    if (storeId !== undefined && found.kind === 'store' && found.storeId !== storeId) {
      const text =
        `${path} is another store than the one that was in use. It was left unchanged. Put the right one back, ` +
        'move this one away, or restart to use it.'
      throw new StoreFaultError('unavailable', text)
    }
    try {
      return Database.#open(path, storeId, found.kind === 'nothing')
    } catch (error) {
      if (found.kind === 'nothing' && isFull(error)) throw new StoreFaultError('full', fullText(path), true)
      throw error
    }
  }

  static #open(path: string, storeId: string | undefined, made: boolean): Database {
    // Requests may hold passwords: nobody else may read them. SQLite gives its log the same permissions.
    if (made) closeSync(openSync(path, 'a', 0o600))
    const db = new DatabaseSync(path, { timeout: lockWaitMs })
    try {
      settle(db, storeId)
      return new Database(db, path, made)
    } catch (error) {
      db.close()
      throw error
    }
  }

  transaction<Result>(work: () => Result): Result {
    const { begin, commit, putMeta } = this.statements
    this.verify()
    begin.run()
    let result: Result
    try {
      result = work()
      const { lastSequence, deliveries } = this
      if (lastSequence !== this.#written.lastSequence || deliveries !== this.#written.deliveries) {
        putMeta.run(lastSequence, deliveries)
      }
      commit.run()
      this.#written = { lastSequence, deliveries }
    } catch (error) {
      this.lastSequence = this.#written.lastSequence
      this.deliveries = this.#written.deliveries
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      throw error
    }
    this.verify()
    return result
  }

  shrink<Result>(work: () => Result): Result {
    try {
      return this.transaction(work)
    } catch (error) {
      if (!isFull(error)) throw error
      this.room.give()
      return this.transaction(work)
    }
  }

  /** Whether the disk has room for new rows of this size. Verifies first: another disk may be at the path by now. */
  hasRoom(bytes: number, rows: number): boolean {
    this.verify()
    return this.room.has(bytes, rows)
  }

  expectRoom(bytes: number, rows: number): void {
    if (!this.hasRoom(bytes, rows)) throw new StoreFaultError('full', fullText(this.path))
  }

  /** Throws a `StoreFaultError` if no path leads to the files any more. */
  verify(): void {
    this.#files.verify()
  }

  /**
   * Checkpoints the log, so that a copy of the database file alone is complete. SQLite does so itself, except if the
   * file was moved; the log would then be mistaken for the log of the next file at this path.
   */
  close(): void {
    this.room.close()
    try {
      this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      this.db.close()
    }
  }
}

/**
 * `EXCLUSIVE` refuses every other process, needs no shared memory file, and its lock ends with the process, however it
 * ends. `FULL` syncs the log with each transaction; `NORMAL` would not.
 *
 * After a failed sync Linux marks the unwritten pages as clean, so the log may have holes on disk that reading does not
 * show. So a reopened store moves the log into the database and syncs it there before it adds anything to the log.
 */
function settle(db: DatabaseSync, storeId: string | undefined): void {
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384')
  const [mode] = Object.values(db.prepare('PRAGMA journal_mode = WAL').get() ?? {})
  if (mode !== 'wal')
    throw new StoreFaultError(
      'unavailable',
      `The store's disk does not support SQLite's write-ahead log (${String(mode)}).`,
    )
  migrate(db, schemaSteps, storeId ?? randomUUID())
  if (storeId !== undefined && numberOf(db, 'PRAGMA wal_checkpoint(TRUNCATE)') !== 0) {
    throw new StoreFaultError('unavailable', "The store's log could not be merged into its database.")
  }
}
