import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { fullText, isFull } from './fault.ts'
import { numberOf } from './schema.ts'

const mebibyte = 1024 * 1024

/** SQLite's own measure: with 1000 pages in the log they are moved into the database. Less where the disk is small. */
const maxLogBytes = 4 * mebibyte
const minLogBytes = 64 * 1024

/** Of each change, what its indexes and its state take in the database, and the pages that it rewrites in the log. */
const changeBytes = 2048
const changeLogBytes = 8192
const transactionLogBytes = 64 * 1024

/**
 * Sees to it that acknowledgements can be written on a disk that is full: lanes wait for that, and without it the
 * backlog that has filled the disk would never leave it.
 *
 * An acknowledgement takes no room at last, but it goes through the log, and the log can begin anew only once its pages
 * are in the database, which may have to grow for that. So a new write is taken only while there is room for all of that,
 * and a reserve is held in a file of its own against others that fill the disk. It is given up when something cannot be
 * written, and made again when there is room for it. The database never shrinks: after a backlog has gone, its free pages
 * are as good as a reserve.
 */
export class Room {
  /** With so much in the log its pages are moved into the database. */
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
    // That of a run that was killed.
    this.close()
    this.#isHeld = this.#make()
  }

  /** Whether new writes of so many bytes leave enough for what must be written afterwards. */
  has(bytes: number, changes: number): boolean {
    const logged = bytes + changes * changeLogBytes + transactionLogBytes
    // Far from full, nothing else needs to be known.
    if (this.#isHeld && this.#free() > 4 * (logged + this.logBytes)) return true
    this.emptyLog()
    // Whoever needs room may have deleted it.
    if (sizeOf(this.#reservePath) < this.#reserveBytes) this.#isHeld = false
    const grown = bytes + changes * changeBytes
    const inside = numberOf(this.#db, 'PRAGMA freelist_count') * this.#pageBytes
    const unmoved = numberOf(this.#db, 'PRAGMA page_count') * this.#pageBytes - sizeOf(this.#path)
    const logGrowth = Math.max(0, logged - sizeOf(`${this.#path}-wal`))
    const spare = this.#free() - unmoved - Math.max(0, grown - inside) - logGrowth
    if (!this.#isHeld && spare >= 2 * this.#reserveBytes) this.#isHeld = this.#make()
    if (this.#isHeld && spare >= 0) return true
    // The database has a reserve inside; that in the file can make room for the log.
    if (inside < grown + this.#reserveBytes) return false
    const given = this.#isHeld ? this.#reserveBytes : 0
    if (spare + given < 0) return false
    this.close()
    return true
  }

  /** Why there is none for a good many writes; undefined if there is. */
  get lack(): string | undefined {
    return this.has(this.logBytes, 1) ? undefined : fullText(this.#path)
  }

  /** For what must be written now. */
  give(): void {
    this.close()
    this.emptyLog()
  }

  /** Its pages move into the database as far as there is room; the next transaction begins it anew, in the same place. */
  emptyLog(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (error) {
      // The pages that found no room are still in the log, and count as `unmoved`.
      if (!isFull(error)) throw error
    }
  }

  close(): void {
    this.#isHeld = false
    try {
      rmSync(this.#reservePath, { force: true })
    } catch {
      // Its disk is read-only, or gone: so is the reserve.
    }
  }

  get #reservePath(): string {
    return `${this.#path}-reserve`
  }

  #free(): number {
    return this.#disk().free
  }

  /** Some file systems, of networks and of user space, do not say how large they are. */
  #disk(): { readonly bytes: number; readonly free: number } {
    const { blocks, bavail, bsize } = statfsSync(dirname(this.#path))
    if (blocks === 0) return { bytes: Number.POSITIVE_INFINITY, free: Number.POSITIVE_INFINITY }
    return { bytes: blocks * bsize, free: bavail * bsize }
  }

  /** Nothing that a file system could leave out or compress. */
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
