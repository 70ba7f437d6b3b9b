import type { Clock, Timer } from '../../kit/clock.ts'

/** How long a line waits for others. */
const gatherMs = 100
/** From so much on they are sent at once. */
const batchLength = 64 * 1024
/** What may wait for the main thread; what comes on top of it is dropped. */
const maxWaiting = 1024 * 1024

/** The lines of a worker's access log, on their way to the one writer in the main thread: many with one message. */
export class LogLines {
  readonly #send: (lines: string) => Promise<unknown>
  readonly #clock: Clock
  #channels: string[] = []
  #length = 0
  /** Sent and not taken yet. */
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
    this.#channels.push(line)
    this.#length += line.length
    if (this.#length >= batchLength) this.flush()
    else this.#timer ??= this.#clock.after(gatherMs, () => this.flush())
  }

  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#channels.length === 0) return
    const [batch, count, length] = [this.#channels.join(''), this.#channels.length, this.#length]
    this.#channels = []
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
