/**
 * Who waits for a turn, by priority (0 to 9) and age. Taking, shedding and leaving take the same few steps however many
 * wait.
 */
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

interface Line<T> {
  oldest: Waiting<T> | undefined
  newest: Waiting<T> | undefined
}

export const mostPriority = 9

export class WaitQueue<T> {
  readonly #lines: readonly Line<T>[] = Array.from({ length: mostPriority + 1 }, () => ({
    oldest: undefined,
    newest: undefined,
  }))
  #size = 0

  get size(): number {
    return this.#size
  }

  add(waiting: Waiting<T>): void {
    const line = this.#line(waiting.priority)
    waiting.before = line.newest
    if (line.newest === undefined) line.oldest = waiting
    else line.newest.after = waiting
    line.newest = waiting
    waiting.isIn = true
    this.#size++
  }

  remove(waiting: Waiting<T>): void {
    if (!waiting.isIn) return
    const { before, after } = waiting
    const line = this.#line(waiting.priority)
    if (before === undefined) line.oldest = after
    else before.after = after
    if (after === undefined) line.newest = before
    else after.before = before
    waiting.before = undefined
    waiting.after = undefined
    waiting.isIn = false
    this.#size--
  }

  /** Whose turn is next: of the highest priority the one that came first, or (newest first) last. */
  next(newestFirst: boolean): Waiting<T> | undefined {
    const line = this.#lines.findLast(({ oldest }) => oldest !== undefined)
    return newestFirst ? line?.newest : line?.oldest
  }

  /** Whose turn would come last of all. */
  last(newestFirst: boolean): Waiting<T> | undefined {
    const line = this.#lines.find(({ oldest }) => oldest !== undefined)
    return newestFirst ? line?.oldest : line?.newest
  }

  /** Of any priority one that has waited since then or longer. */
  waitingSince(atMs: number): Waiting<T> | undefined {
    return this.#lines.find(({ oldest }) => oldest !== undefined && oldest.sinceMs <= atMs)?.oldest
  }

  #line(priority: number): Line<T> {
    return this.#lines[priority] as Line<T>
  }
}
