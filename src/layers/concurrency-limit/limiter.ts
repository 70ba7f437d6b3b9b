import type { AbortListener, AbortScope } from '../../core/abort.ts'
import type { ShedReason } from '../../core/shed-reason.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import type { Levels, MemoryScope } from '../../kit/shared-memory.ts'
import type { Limit } from './adaptive-limit.ts'
import { Waiting, WaitQueue } from './wait-queue.ts'

export interface QueueRules {
  /** How many calls may wait, in all workers. */
  readonly length: number
  readonly timeMs: number
}

/** How a call's wait ended. */
export type WaitEnd = 'turn' | 'aborted' | Exclude<ShedReason, 'rate' | 'memory'>

export interface LimiterFigures {
  readonly limit: number
  readonly inFlight: number
  readonly queued: number
}

interface Waiter extends AbortListener {
  end(how: WaitEnd): void
}

const cell = { inFlight: 0, queued: 1 } as const

/**
 * Upper bound on the time before a slot freed by another worker is noticed: a worker with waiting calls polls this
 * often (and at once when it frees a slot of its own).
 */
const pollMs = 1
/** By then all other workers have polled. */
const yieldMs = 2 * pollMs

/**
 * Limits the calls in flight in all workers, with a short queue in front. Each worker has its own queue, and together
 * the queues hold at most `length` calls. `wait-queue.ts` decides which waiting call is next.
 */
export class ConcurrencyLimiter {
  readonly limit: Limit
  /** How many calls may wait, in all workers. */
  readonly #length: number
  readonly #clock: Clock
  readonly #levels: Levels
  readonly #queue: WaitQueue<Waiter>
  /** Free slots that this worker could have given to its own waiters, counted up to its share. */
  #turns = 0
  /** Until then, free slots are left to waiters in other workers. */
  #yieldsUntilMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined

  constructor(limit: Limit, queue: QueueRules, memory: MemoryScope, clock: Clock) {
    this.limit = limit
    this.#length = queue.length
    this.#queue = new WaitQueue(queue.timeMs)
    this.#clock = clock
    this.#levels = memory.levels('concurrency', 2)
  }

  figures(): LimiterFigures {
    const [inFlight, queued] = [this.#levels.sum(cell.inFlight), this.#levels.sum(cell.queued)]
    return { limit: this.limit.value(), inFlight, queued }
  }

  /** Takes a slot if one is free and no call waits for it. */
  tryEnter(priority: number): boolean {
    const isFree = this.#length === 0 || this.#levels.sum(cell.queued) === 0
    if (isFree && this.#tryTake()) return true
    this.limit.saturated()
    this.#queue.keptOut(priority, this.#clock.now())
    return false
  }

  /** Waits for a slot, or for the reason why the call gets none. */
  enter(scope: AbortScope, priority: number): WaitEnd | Promise<WaitEnd> {
    if (scope.reason !== undefined) return 'aborted'
    this.#shedOverdue()
    const room = this.#roomFor(priority)
    if (room === false) return 'full'
    return new Promise((resolve) => {
      const waiting: Waiting<Waiter> = new Waiting(
        {
          onAbort: () => this.#endWait(waiting, 'aborted'),
          end: (how) => {
            scope.remove(waiting.value)
            resolve(how)
          },
        },
        priority,
        this.#clock.now(),
      )
      this.#queue.add(waiting)
      // Only now, so that the queue is never empty in between.
      if (room !== true) this.#endWait(room, 'displaced')
      scope.add(waiting.value)
      this.#timer ??= this.#clock.after(pollMs, () => this.#poll())
    })
  }

  leave(): void {
    this.#levels.add(cell.inFlight, -1)
    const { size } = this.#queue
    if (size === 0) return
    // Waiters of other workers get their turns too, in proportion to their number.
    this.#turns += size / Math.max(size, this.#levels.sum(cell.queued))
    if (this.#turns < 1) {
      this.#yieldsUntilMs = this.#clock.now() + yieldMs
      return
    }
    this.#turns -= 1
    this.#letIn()
  }

  #tryTake(): boolean {
    if (!this.#levels.tryAdd(cell.inFlight, this.limit.value())) return false
    this.limit.began(this.#levels.sum(cell.inFlight))
    return true
  }

  /** True: the queue has room. Otherwise the waiter to displace, if it would have its turn after this call. */
  #roomFor(priority: number): boolean | Waiting<Waiter> {
    if (this.#length === 0) return false
    if (this.#levels.tryAdd(cell.queued, this.#length)) return true
    const last = this.#queue.last()
    if (last === undefined || last.priority > priority) return false
    if (last.priority === priority && !this.#queue.isOverloaded(priority)) return false
    this.#levels.add(cell.queued, 1)
    return last
  }

  #poll(): void {
    this.#timer = undefined
    if (this.#clock.now() >= this.#yieldsUntilMs) this.#letIn()
    else this.#shedOverdue()
    if (this.#queue.size > 0) this.#timer = this.#clock.after(pollMs, () => this.#poll())
  }

  #letIn(): void {
    this.#shedOverdue()
    while (this.#queue.size > 0 && this.#tryTake()) {
      this.#endWait(this.#queue.next() as Waiting<Waiter>, 'turn')
    }
  }

  #shedOverdue(): void {
    const nowMs = this.#clock.now()
    for (;;) {
      const overdue = this.#queue.overdue(nowMs)
      if (overdue === undefined) return
      this.#endWait(overdue, 'waited')
    }
  }

  #endWait(waiting: Waiting<Waiter>, how: WaitEnd): void {
    if (!waiting.isIn) return
    this.#queue.remove(waiting)
    this.#levels.add(cell.queued, -1)
    if (this.#queue.size === 0) {
      this.#timer?.cancel()
      this.#timer = undefined
    }
    waiting.value.end(how)
  }
}
