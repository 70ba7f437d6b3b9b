import { closeSync, constants, openSync, write, writeSync } from 'node:fs'
import type { Clock, Timer } from '../../kit/clock.ts'

export interface LogWriterOptions {
  /** A file to append to, or the number of one that is open. */
  readonly to: string | number
  readonly clock: Clock
  /** Told once when lines begin to be lost, and once when they are written again. */
  readonly onTrouble: (text: string) => void
}

interface Chunk {
  readonly bytes: Buffer
  readonly lines: number
}

/** From so much on it is written at once: a write wakes another thread, which costs as much as several lines. */
const chunkLength = 64 * 1024
/** How long a line waits for others. */
const gatherMs = 100
/** What waits for a slow disk: some thousand lines. What comes on top of it is dropped. */
const maxWaitingBytes = 1024 * 1024
/** In UTF-8 a unit of a string takes no more. */
const maxBytesPerUnit = 3
/** A pipe that is full is asked again. */
const againMs = 100
const lineBreak = Buffer.from('\n')
const closeMs = 2000

/**
 * Writes lines without ever waiting for them: many with one write, on a thread of Node's pool. What a slow or full disk
 * does not take is dropped and counted. It has the form of a pino destination. Pino's own (sonic-boom) is not used, as
 * it tries for ever to write its last lines to a full disk when the process ends.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  #file: number
  /**
   * Lines become bytes at once. Strings that wait would be copied at each collection of garbage, and with them all the
   * parts that they were put together from.
   */
  #bytes = Buffer.allocUnsafe(chunkLength)
  #used = 0
  #lines = 0
  /** Chunks that are full, while an earlier one is being written. */
  readonly #full: Chunk[] = []
  #fullBytes = 0
  #timer: Timer | undefined
  #again: Timer | undefined
  #writing = false
  #failing = false
  #closed = false
  /** The last write left a part of a line. */
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

  /** Lines that were not written. */
  get dropped(): number {
    return this.#dropped
  }

  /** `line` ends with a line break. */
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

  /** Has what waits written without waiting for more. */
  flush(): void {
    if (this.#writing) this.#flushWanted = true
    else if (this.#used > 0) this.#begin()
  }

  /** The last words of a process that ends. Where a write is under way the disk or pipe is slow: then it is no use. */
  flushSync(): void {
    if (this.#writing || this.#used === 0) return
    try {
      writeSync(this.#file, this.#bytes, 0, this.#used)
    } catch {
      // There is nobody left to tell.
    }
    this.#used = 0
  }

  /** Goes on in a new file of the same name, once the old one was moved away. Throws if it cannot be opened. */
  reopen(): void {
    if (typeof this.#options.to === 'number' || this.#closed) return
    const file = openToAppend(this.#options.to)
    this.#outdated.push(this.#file)
    this.#file = file
    if (!this.#writing) this.#closeOutdated()
  }

  /** Takes no more lines, and writes those that wait, for at most two seconds. */
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
    // While a write is under way it is not safe; one that is put off is given up.
    if (typeof this.#options.to !== 'number' && (!this.#writing || this.#again !== undefined)) closeSync(this.#file)
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

  /** What was gathered so far is a chunk; the next one has room for at least so much. */
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
    write(this.#file, chunk, (fault, bytes) => {
      if (fault?.code === 'EAGAIN') {
        this.#again = this.#options.clock.after(againMs, () => {
          this.#again = undefined
          this.#put(chunk, lines)
        })
        return
      }
      if (fault !== null) this.#lost(lines, fault)
      else if (bytes < chunk.length) {
        this.#torn = true
        this.#put(chunk.subarray(bytes), lines)
        return
      } else this.#well()
      this.#next()
    })
  }

  #lost(lines: number, fault: Error): void {
    this.#dropped += lines
    if (!this.#failing) this.#options.onTrouble(`the log cannot be written, and lines are lost: ${fault.message}`)
    this.#failing = true
  }

  #well(): void {
    this.#torn = false
    if (!this.#failing) return
    this.#failing = false
    this.#options.onTrouble(`the log is written again; ${this.#dropped} lines were lost so far`)
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
 * A pipe that nobody reads would hold the whole process here, and one that is full would hold a thread in its write,
 * which not even `process.exit` ends. Regular files are not changed by it.
 */
function openToAppend(file: string): number {
  try {
    return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666)
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENXIO') throw fault
    throw new Error('it is a pipe that nobody reads (start its reader first), or a socket', { cause: fault })
  }
}
