/** One that waits, linked with those of its priority who came before and after it. */
export class Waiting<T> {
  readonly value: T
  readonly priority: number
  readonly sinceMs: number
  before: Waiting<T> | undefined
  after: Waiting<T> | undefined
  isIn = false

  constructor(value: T, priority: number, sinceMs: number) {
    this.value = value
    this.priority = priority
    this.sinceMs = sinceMs
  }
}

const mostPriority = 9

/**
 * Facebook's queues give a call 5 ms in an overload ("Fail at Scale", Maurer, 2015); one that is refused here is to be
 * refused within 5 ms, the time to tell it so included.
 */
const overloadedWaitMs = 2

/**
 * Who waits for a turn, by priority (0 to 9) and age. Taking, shedding and leaving take the same few steps however many
 * wait.
 *
 * As long as all is well who came first has the turn first, and waits up to `timeMs`. When somebody has been waiting
 * without a break for that long, more comes in than goes out: then the newest goes first, as its client is the likeliest
 * to be there still, and nobody waits for more than 2 ms, as what waits longer will not have its turn. That ends when for
 * as long a time every call could go in at once. Each priority is judged by itself: what overloads a lower one leaves a
 * higher one its time to wait, as it will have its turn.
 */
export class WaitQueue<T> {
  readonly #timeMs: number
  readonly #lines: readonly Line<T>[]
  #size = 0

  constructor(timeMs: number) {
    this.#timeMs = timeMs
    this.#lines = Array.from({ length: mostPriority + 1 }, () => new Line<T>())
  }

  get size(): number {
    return this.#size
  }

  add(waiting: Waiting<T>): void {
    this.#line(waiting.priority).add(waiting)
    this.#size++
  }

  remove(waiting: Waiting<T>): void {
    if (!waiting.isIn) return
    this.#line(waiting.priority).remove(waiting)
    this.#size--
  }

  /** A call of this priority could not go in at once. */
  keptOut(priority: number, nowMs: number): void {
    this.#line(priority).keptOut(nowMs, this.#timeMs)
  }

  isOverloaded(priority: number): boolean {
    return this.#line(priority).isOverloaded
  }

  /** Whose turn is next. */
  next(): Waiting<T> | undefined {
    return this.#lines.findLast(isInUse)?.next
  }

  /** Whose turn would come last of all. */
  last(): Waiting<T> | undefined {
    return this.#lines.find(isInUse)?.last
  }

  /** One that has waited for too long. */
  overdue(nowMs: number): Waiting<T> | undefined {
    for (const line of this.#lines) {
      const overdue = line.overdue(nowMs, this.#timeMs)
      if (overdue !== undefined) return overdue
    }
    return undefined
  }

  #line(priority: number): Line<T> {
    return this.#lines[priority] as Line<T>
  }
}

/** Those of one priority. */
class Line<T> {
  oldest: Waiting<T> | undefined
  #newest: Waiting<T> | undefined
  /** Since when somebody has been waiting without a break. */
  #waitingSinceMs = Number.POSITIVE_INFINITY
  /** When a call was last kept from going in at once. */
  #keptOutAtMs = Number.NEGATIVE_INFINITY
  isOverloaded = false

  get next(): Waiting<T> | undefined {
    return this.isOverloaded ? this.#newest : this.oldest
  }

  get last(): Waiting<T> | undefined {
    return this.isOverloaded ? this.oldest : this.#newest
  }

  add(waiting: Waiting<T>): void {
    waiting.before = this.#newest
    if (this.#newest === undefined) {
      this.oldest = waiting
      this.#waitingSinceMs = waiting.sinceMs
    } else this.#newest.after = waiting
    this.#newest = waiting
    waiting.isIn = true
  }

  remove(waiting: Waiting<T>): void {
    const { before, after } = waiting
    if (before === undefined) this.oldest = after
    else before.after = after
    if (after === undefined) this.#newest = before
    else after.before = before
    waiting.before = undefined
    waiting.after = undefined
    waiting.isIn = false
    if (this.oldest === undefined) this.#waitingSinceMs = Number.POSITIVE_INFINITY
  }

  keptOut(nowMs: number, timeMs: number): void {
    if (nowMs - this.#keptOutAtMs > timeMs) this.isOverloaded = false
    this.#keptOutAtMs = nowMs
  }

  overdue(nowMs: number, timeMs: number): Waiting<T> | undefined {
    if (nowMs - this.#waitingSinceMs >= timeMs) this.isOverloaded = true
    const limitMs = this.isOverloaded ? Math.min(timeMs, overloadedWaitMs) : timeMs
    return this.oldest !== undefined && this.oldest.sinceMs <= nowMs - limitMs ? this.oldest : undefined
  }
}

function isInUse({ oldest }: Line<unknown>): boolean {
  return oldest !== undefined
}
