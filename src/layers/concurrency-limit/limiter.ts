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

/** How the wait of a call has ended. */
export type WaitEnd = 'turn' | 'aborted' | Exclude<ShedReason, 'rate' | 'memory'>

export interface LimiterFigures {
  readonly limit: number
  readonly inFlight: number
  readonly queued: number
}

interface Waiter extends AbortListener {
  end(how: WaitEnd): void
}

const place = { inFlight: 0, queued: 1 } as const

/**
 * How long a slot that another worker has freed can be overlooked: a worker looks so often as long as anybody waits in
 * it (and at each slot of its own at once).
 */
const pollMs = 1
/** All others have looked by then. */
const yieldMs = 2 * pollMs

/**
 * At most so many calls in flight, in all workers, and a short queue before it: each worker has its own, and together they
 * are no longer than `length`. Who of those that wait has the turn is told in `wait-queue.ts`.
 */
export class ConcurrencyLimiter {
  readonly limit: Limit
  /** How many calls may wait, in all workers. */
  readonly #length: number
  readonly #clock: Clock
  readonly #levels: Levels
  readonly #queue: WaitQueue<Waiter>
  /** Slots that it could have given to its own waiters, as far as they are its share. */
  #turns = 0
  /** Until then a free slot is left to those who wait in other workers. */
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
    const [inFlight, queued] = [this.#levels.sum(place.inFlight), this.#levels.sum(place.queued)]
    return { limit: this.limit.value(), inFlight, queued }
  }

  /** Takes a slot, if there is one and nobody waits for it. */
  tryEnter(priority: number): boolean {
    const isFree = this.#length === 0 || this.#levels.sum(place.queued) === 0
    if (isFree && this.#tryTake()) return true
    this.limit.saturated()
    this.#queue.keptOut(priority, this.#clock.now())
    return false
  }

  /** Waits for a slot, or for what keeps it from having one. */
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
      // Only now, so that the queue was never empty between the two.
      if (room !== true) this.#endWait(room, 'displaced')
      scope.add(waiting.value)
      this.#timer ??= this.#clock.after(pollMs, () => this.#poll())
    })
  }

  leave(): void {
    this.#levels.add(place.inFlight, -1)
    const { size } = this.#queue
    if (size === 0) return
    // Others' waiters have their turns too: in the proportion in which they wait.
    this.#turns += size / Math.max(size, this.#levels.sum(place.queued))
    if (this.#turns < 1) {
      this.#yieldsUntilMs = this.#clock.now() + yieldMs
      return
    }
    this.#turns -= 1
    this.#letIn()
  }

  #tryTake(): boolean {
    if (!this.#levels.tryAdd(place.inFlight, this.limit.value())) return false
    this.limit.began(this.#levels.sum(place.inFlight))
    return true
  }

  /** True: there is a place in the queue. Else the one who has to make room, if it is to have its turn after this call. */
  #roomFor(priority: number): boolean | Waiting<Waiter> {
    if (this.#length === 0) return false
    if (this.#levels.tryAdd(place.queued, this.#length)) return true
    const last = this.#queue.last()
    if (last === undefined || last.priority > priority) return false
    if (last.priority === priority && !this.#queue.isOverloaded(priority)) return false
    this.#levels.add(place.queued, 1)
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
    this.#levels.add(place.queued, -1)
    if (this.#queue.size === 0) {
      this.#timer?.cancel()
      this.#timer = undefined
    }
    waiting.value.end(how)
  }
}
