import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { numberOf } from './schema.ts'
import { fullText, isFull } from './store-fault.ts'

const mebibyte = 1024 * 1024

/** SQLite's own default: a log of 1000 pages is moved into the database. Less on a small disk. */
const maxLogBytes = 4 * mebibyte
const minLogBytes = 64 * 1024

/** Per change: the room for its indexes and state in the database, and for the rewritten pages in the log. */
const changeBytes = 2048
const changeLogBytes = 8192
const transactionLogBytes = 64 * 1024

/**
 * Keeps room to write acknowledgements on a full disk: lanes wait for them, and without them the backlog that filled
 * the disk would never drain.
 *
 * In the end an acknowledgement takes no room, but it goes through the log, and the log can restart only once its pages
 * are in the database, which may have to grow for that. So a new write is accepted only while there is room for all of
 * that, and a reserve file holds some of it against other users of the disk. The reserve is released when a write does
 * not fit, and made again when there is room for it. The database never shrinks: once a backlog has drained, its free
 * pages are as good as a reserve.
 */
export class Room {
  /** At this size the log's pages are moved into the database. */
  readonly logBytes: number
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #reserveBytes: number
  readonly #pageBytes: number
  #isHeld = false

  constructor(db: DatabaseSync, path: string) {
    this.#db = db
    this.#path = path
    this.logBytes = Math.min(maxLogBytes, Math.max(minLogBytes, this.#disk().bytes / 24))
    this.#reserveBytes = Math.ceil(1.25 * this.logBytes)
    this.#pageBytes = numberOf(db, 'PRAGMA page_size')
    db.exec(`PRAGMA wal_autocheckpoint = ${Math.floor(this.logBytes / this.#pageBytes)}`)
    // Remove the reserve of a killed run.
    this.close()
    this.#isHeld = this.#make()
  }

  /** Whether new writes of this size leave enough room for the writes that must follow. */
  has(bytes: number, changes: number): boolean {
    const logged = bytes + changes * changeLogBytes + transactionLogBytes
    // Shortcut while the disk is far from full.
    if (this.#isHeld && this.#free() > 4 * (logged + this.logBytes)) return true
    this.emptyLog()
    // An operator who needed room may have deleted it.
    if (sizeOf(this.#reservePath) < this.#reserveBytes) this.#isHeld = false
    const grown = bytes + changes * changeBytes
    const inside = numberOf(this.#db, 'PRAGMA freelist_count') * this.#pageBytes
    const unmoved = numberOf(this.#db, 'PRAGMA page_count') * this.#pageBytes - sizeOf(this.#path)
    const logGrowth = Math.max(0, logged - sizeOf(`${this.#path}-wal`))
    const spare = this.#free() - unmoved - Math.max(0, grown - inside) - logGrowth
    if (!this.#isHeld && spare >= 2 * this.#reserveBytes) this.#isHeld = this.#make()
    if (this.#isHeld && spare >= 0) return true
    // The free pages are a reserve in the database; the reserve file can make room for the log.
    if (inside < grown + this.#reserveBytes) return false
    const given = this.#isHeld ? this.#reserveBytes : 0
    if (spare + given < 0) return false
    this.close()
    return true
  }

  /** Why a batch of writes has no room; undefined if it has. */
  get lack(): string | undefined {
    return this.has(this.logBytes, 1) ? undefined : fullText(this.#path)
  }

  /** Releases the reserve for writes that cannot wait. */
  give(): void {
    this.close()
    this.emptyLog()
  }

  /** Moves pages into the database as far as there is room; the next transaction restarts the log in the same file. */
  emptyLog(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (error) {
      // Pages without room are still in the log, and count as `unmoved`.
      if (!isFull(error)) throw error
    }
  }

  close(): void {
    this.#isHeld = false
    try {
      rmSync(this.#reservePath, { force: true })
    } catch {
      // The disk is read-only or gone, and the reserve with it.
    }
  }

  get #reservePath(): string {
    return `${this.#path}-reserve`
  }

  #free(): number {
    return this.#disk().free
  }

  /** Some network and user-space file systems do not report their size. */
  #disk(): { readonly bytes: number; readonly free: number } {
    const { blocks, bavail, bsize } = statfsSync(dirname(this.#path))
    if (blocks === 0) return { bytes: Number.POSITIVE_INFINITY, free: Number.POSITIVE_INFINITY }
    return { bytes: blocks * bsize, free: bavail * bsize }
  }

  /** Random bytes, which a file system can neither leave out nor compress. */
  #make(): boolean {
    if (this.#free() < this.#reserveBytes) return false
    const file = openSync(this.#reservePath, 'w', 0o600)
    try {
      const block = new Uint8Array(Math.min(this.#reserveBytes, mebibyte))
      for (let written = 0; written < this.#reserveBytes; ) {
        written += writeSync(file, randomFillSync(block), 0, Math.min(block.length, this.#reserveBytes - written))
      }
      return true
    } catch {
      this.close()
      return false
    } finally {
      closeSync(file)
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
