import { type Stats, statSync } from 'node:fs'
import { StoreFaultError } from './store-fault.ts'

/**
 * The database and its log, as they were opened. Someone may delete or replace them, and SQLite would go on writing to
 * files that no path leads to. So they are checked after each sync and before it is reported: a check only before the
 * sync would miss a file that vanished in between. They are checked before the transaction too, because a truncated
 * file regains its old length once SQLite writes past its end. A check costs about 3 us.
 */
export class OpenFiles {
  readonly #path: string
  readonly #logPath: string
  #database: Stats
  #log: Stats | undefined

  constructor(path: string, logPath: string) {
    this.#path = path
    this.#logPath = logPath
    this.#database = this.#stat(path)
    this.#log = statSync(this.#logPath, { throwIfNoEntry: false })
  }

  verify(): void {
    const database = this.#stat(this.#path)
    this.#expectSame(this.#path, this.#database, database)
    this.#database = database
    // SQLite creates the log with its first write at the latest, and keeps it while the database is open.
    const log = this.#log === undefined ? statSync(this.#logPath, { throwIfNoEntry: false }) : this.#stat(this.#logPath)
    if (log === undefined) return
    this.#expectSame(this.#logPath, this.#log ?? log, log)
    this.#log = log
  }

  #stat(path: string): Stats {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) throw moved(path, 'was deleted or moved')
    return found
  }

  /** While open, neither file shrinks: a restarted log overwrites its old frames. */
  #expectSame(path: string, opened: Stats, found: Stats): void {
    if (found.ino !== opened.ino || found.dev !== opened.dev) throw moved(path, 'was replaced by another')
    if (found.size < opened.size) throw moved(path, 'was cut short')
  }
}

function moved(path: string, what: string): StoreFaultError {
  return new StoreFaultError('unavailable', `The store's file ${path} ${what} while it was in use.`)
}
