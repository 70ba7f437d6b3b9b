import { closeSync, constants, openSync, write, writeSync } from 'node:fs'
import type { Clock, Timer } from '../../kit/clock.ts'

export interface LogWriterOptions {
  /** A file to append to, or an open file descriptor. */
  readonly to: string | number
  readonly clock: Clock
  /** Called once when lines begin to be dropped, and once when writing works again. */
  readonly onTrouble: (text: string) => void
}

interface Chunk {
  readonly bytes: Buffer
  readonly lines: number
}

/** Write at once when this much is buffered: a write wakes another thread, which costs as much as several lines. */
const chunkLength = 64 * 1024
/** How long a line waits for more lines. */
const gatherMs = 100
/** Buffer for a slow disk: some thousand lines. Further lines are dropped. */
const maxWaitingBytes = 1024 * 1024
/** UTF-8 takes at most three bytes per UTF-16 code unit. */
const maxBytesPerUnit = 3
/** Delay before a full pipe is tried again. */
const againMs = 100
const lineBreak = Buffer.from('\n')
const closeMs = 2000

/**
 * Writes lines without blocking: many in one write, on a thread of Node's pool. Lines that a slow or full disk does not
 * take are dropped and counted. It implements pino's destination interface. Pino's own (sonic-boom) is not used,
 * because at exit it retries forever to write its last lines to a full disk.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  #file: number
  /**
   * Lines are encoded at once. Waiting strings would be copied by each garbage collection, with all the parts that they
   * were concatenated from.
   */
  #bytes = Buffer.allocUnsafe(chunkLength)
  #used = 0
  #lines = 0
  /** Full chunks, while an earlier one is being written. */
  readonly #full: Chunk[] = []
  #fullBytes = 0
  #timer: Timer | undefined
  #again: Timer | undefined
  #writing = false
  #failing = false
  #closed = false
  /** Whether closing has given up on a write that is still under way. */
  #isLastWrite = false
  /** Whether the last write ended within a line. */
  #torn = false
  #flushWanted = false
  #dropped = 0
  readonly #outdated: number[] = []
  #onIdle: (() => void) | undefined

  /** Throws if the file cannot be opened. */
  constructor(options: LogWriterOptions) {
    this.#options = options
    this.#file = typeof options.to === 'number' ? options.to : openToAppend(options.to)
  }

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** `line` ends with a line feed. */
  write(line: string): void {
    const mostBytes = line.length * maxBytesPerUnit
    if (this.#closed || this.#fullBytes + this.#used + mostBytes > maxWaitingBytes) {
      this.#dropped++
      return
    }
    if (this.#used + mostBytes > this.#bytes.length) this.#turn(mostBytes)
    this.#used += this.#bytes.write(line, this.#used)
    this.#lines++
    if (this.#writing) return
    if (this.#full.length > 0) this.#begin()
    else this.#timer ??= this.#options.clock.after(gatherMs, () => this.#begin())
  }

  /** Writes the buffered lines without waiting for more. */
  flush(): void {
    if (this.#writing) this.#flushWanted = true
    else if (this.#used > 0) this.#begin()
  }

  /**
   * For the last lines of an exiting process. Useless while a write is pending, because the disk or pipe is then slow.
   */
  flushSync(): void {
    if (this.#writing || this.#used === 0) return
    try {
      writeSync(this.#file, this.#bytes, 0, this.#used)
    } catch {
      // Nobody is left to report this to.
    }
    this.#used = 0
  }

  /** Continues in a new file of the same name after the old one was moved away. Throws if it cannot be opened. */
  reopen(): void {
    if (typeof this.#options.to === 'number' || this.#closed) return
    const file = openToAppend(this.#options.to)
    this.#outdated.push(this.#file)
    this.#file = file
    if (!this.#writing) this.#closeOutdated()
  }

  /** Refuses further lines and writes the buffered ones, for at most two seconds. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.flush()
    if (this.#writing) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#onIdle = resolve
      const timer = this.#options.clock.after(closeMs, resolve)
      await promise
      timer.cancel()
    }
    this.#timer?.cancel()
    this.#again?.cancel()
    // Closing is unsafe during a write: the one under way is the last, and then closes the file.
    this.#isLastWrite = this.#writing && this.#again === undefined
    if (!this.#isLastWrite) this.#closeFile()
  }

  #closeFile(): void {
    if (typeof this.#options.to !== 'number') closeSync(this.#file)
  }

  #begin(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#flushWanted = false
    if (this.#full.length === 0) this.#turn(0)
    const { bytes, lines } = this.#full.shift() as Chunk
    this.#fullBytes -= bytes.length
    this.#writing = true
    this.#put(this.#torn ? Buffer.concat([lineBreak, bytes]) : bytes, lines)
  }

  /** Queues the current chunk and starts one with room for at least `leastBytes`. */
  #turn(leastBytes: number): void {
    if (this.#used > 0) {
      this.#full.push({ bytes: this.#bytes.subarray(0, this.#used), lines: this.#lines })
      this.#fullBytes += this.#used
    }
    this.#bytes = Buffer.allocUnsafe(Math.max(chunkLength, leastBytes))
    this.#used = 0
    this.#lines = 0
  }

  #put(chunk: Buffer, lines: number): void {
    write(this.#file, chunk, (error, bytes) => {
      if (this.#isLastWrite) {
        this.#closeFile()
        return
      }
      if (error?.code === 'EAGAIN') {
        this.#again = this.#options.clock.after(againMs, () => {
          this.#again = undefined
          this.#put(chunk, lines)
        })
        return
      }
      if (error !== null) this.#lost(lines, error)
      else if (bytes < chunk.length) {
        this.#torn = true
        this.#put(chunk.subarray(bytes), lines)
        return
      } else this.#well()
      this.#next()
    })
  }

  #lost(lines: number, error: Error): void {
    this.#dropped += lines
    if (!this.#failing) this.#options.onTrouble(`the log cannot be written, lines are lost: ${error.message}`)
    this.#failing = true
  }

  #well(): void {
    this.#torn = false
    if (!this.#failing) return
    this.#failing = false
    this.#options.onTrouble(`the log can be written again; ${this.#dropped} lines have been lost so far`)
  }

  #next(): void {
    this.#writing = false
    this.#closeOutdated()
    if (this.#used === 0 && this.#full.length === 0) this.#onIdle?.()
    else if (this.#closed || this.#flushWanted || this.#full.length > 0) this.#begin()
    else this.#timer ??= this.#options.clock.after(gatherMs, () => this.#begin())
  }

  #closeOutdated(): void {
    for (const file of this.#outdated.splice(0)) closeSync(file)
  }
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants

/**
 * Opening a pipe without a reader would block the whole process here. Writing to a full pipe would block a thread,
 * which not even `process.exit` ends. Non-blocking mode does not affect regular files.
 */
function openToAppend(file: string): number {
  try {
    return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
    throw new Error('it is a pipe without a reader (start the reader first), or a socket', { cause: error })
  }
}
