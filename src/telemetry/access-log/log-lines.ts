import type { Clock, Timer } from '../../kit/clock.ts'

/** How long a line waits for others. */
const gatherMs = 100
/** Flush as soon as this much is buffered. */
const batchLength = 64 * 1024
/** Maximum sent but not yet taken by the main thread; lines beyond it are dropped. */
const maxWaiting = 1024 * 1024

/** Sends a worker's access log lines to the single writer in the main thread, many per message. */
export class LogLines {
  readonly #send: (lines: string) => Promise<unknown>
  readonly #clock: Clock
  #lines: string[] = []
  #length = 0
  /** Sent but not yet taken. */
  #underWay = 0
  #timer: Timer | undefined
  #dropped = 0

  constructor(send: (lines: string) => Promise<unknown>, clock: Clock) {
    this.#send = send
    this.#clock = clock
  }

  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#length + this.#underWay + line.length > maxWaiting) {
      this.#dropped++
      return
    }
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= batchLength) this.flush()
    else this.#timer ??= this.#clock.after(gatherMs, () => this.flush())
  }

  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#lines.length === 0) return
    const [batch, count, length] = [this.#lines.join(''), this.#lines.length, this.#length]
    this.#lines = []
    this.#length = 0
    this.#underWay += length
    this.#send(batch).then(
      () => {
        this.#underWay -= length
      },
      () => {
        this.#underWay -= length
        this.#dropped += count
      },
    )
  }
}
