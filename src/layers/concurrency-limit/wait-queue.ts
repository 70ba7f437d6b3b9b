/** A waiting call, linked with its neighbours of the same priority, in order of arrival. */
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
 * Facebook's queues give a call 5 ms in an overload ("Fail at Scale", Maurer, 2015). Here a refusal must reach the
 * client within 5 ms, sending included.
 */
const overloadedWaitMs = 2

/**
 * Calls that wait for a turn, by priority (0 to 9) and age. Taking, shedding and leaving take a constant number of
 * steps.
 *
 * Normally the oldest call has its turn first, and a call waits up to `timeMs`. Once the queue has not been empty for
 * that long, more calls arrive than leave. Then the newest call has its turn first, because its client is the most
 * likely to be still connected, and no call waits more than 2 ms, because the oldest would not get a turn anyway.
 * Normal order returns once every call has been admitted at once for `timeMs`. Each priority is judged on its own: an
 * overload by a lower priority does not shorten the wait of a higher one, which will have its turn.
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

  /** A call of this priority was not admitted at once. */
  keptOut(priority: number, nowMs: number): void {
    this.#line(priority).keptOut(nowMs, this.#timeMs)
  }

  isOverloaded(priority: number): boolean {
    return this.#line(priority).isOverloaded
  }

  /** The next call to have its turn. */
  next(): Waiting<T> | undefined {
    return this.#lines.findLast(isInUse)?.next
  }

  /** The call that would have its turn last. */
  last(): Waiting<T> | undefined {
    return this.#lines.find(isInUse)?.last
  }

  /** A call that has waited too long. */
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

/** The waiting calls of one priority. */
class Line<T> {
  oldest: Waiting<T> | undefined
  #newest: Waiting<T> | undefined
  /** Start of the time since which the line has not been empty. */
  #waitingSinceMs = Number.POSITIVE_INFINITY
  /** When a call was last not admitted at once. */
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
