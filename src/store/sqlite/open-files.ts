import { type Stats, statSync } from 'node:fs'
import { StoreFault } from './fault.ts'

/**
 * The database and its log, as they were opened. Someone may delete them or put others in their place, and SQLite would
 * go on writing to files that no path leads to. So this is asked after each sync and before it is reported: asked before
 * the sync alone, a file that vanished in between would be missed. It is asked before the transaction too, as one that
 * was cut short has its old length again once something was written behind its end. It costs about 3 us.
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
    // SQLite makes the log at the latest with its first write, and keeps it as long as the database is open.
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

  /** While it is open neither shrinks: what is written anew in the log takes the place of what was there. */
  #expectSame(path: string, opened: Stats, found: Stats): void {
    if (found.ino !== opened.ino || found.dev !== opened.dev) throw moved(path, 'was replaced by another')
    if (found.size < opened.size) throw moved(path, 'was cut short')
  }
}

function moved(path: string, what: string): StoreFault {
  return new StoreFault('unavailable', `The store's file ${path} ${what} while it was in use.`)
}
