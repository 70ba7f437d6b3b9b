import { type Stats, statSync } from 'node:fs'
import { StoreFault } from './fault.ts'

/**
 * The database and its log, as they were opened. Someone may delete them or put others in their place, and SQLite would
 * go on writing to files that no path leads to. So this is asked after each sync and before it is reported: asked before
 * the sync, a file that vanished in between would be missed. It costs about 3 us.
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
    const log = this.#stat(this.#logPath)
    // SQLite makes the log with its first write, and from then on keeps it as long as the database is open.
    this.#log ??= log
    this.#expectSame(this.#path, this.#database, database)
    this.#expectSame(this.#logPath, this.#log, log)
    // We never shrink the database: only its log is emptied.
    if (database.size < this.#database.size) throw moved(this.#path, 'was cut short')
    this.#database = database
  }

  #stat(path: string): Stats {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) throw moved(path, 'was deleted or moved')
    return found
  }

  #expectSame(path: string, opened: Stats, found: Stats): void {
    if (found.ino !== opened.ino || found.dev !== opened.dev) throw moved(path, 'was replaced by another')
  }
}

function moved(path: string, what: string): StoreFault {
  return new StoreFault('unavailable', `The store's file ${path} ${what} while it was in use.`)
}
