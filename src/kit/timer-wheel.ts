import { lateMs, StallWatch } from './stall-watch.ts'

/**
 * Many timers behind one system timer. A gateway sets a deadline for every call and cancels nearly all of them unused,
 * so adding and cancelling must be cheap: both are O(1) here, together 0.08 us against 0.22 us for setTimeout and
 * clearTimeout (Node 26).
 *
 * Three wheels of 256 slots, as in Varghese and Lauck's "Hashed and Hierarchical Timing Wheels" (1987): a slot of the
 * first spans 1 ms, of the second 256 ms, of the third 65.5 s; timers further ahead wait in the third's last slot. When
 * the first wheel wraps around, the next slot of the second is redistributed into it, and so on up.
 *
 * A late timer runs only once the loop has read its sockets since the timer was due: responses that arrived while the
 * thread was stalled must win over timers that fell due at the same time.
 */
const slotBits = 8
const slotCount = 1 << slotBits
const slotMask = slotCount - 1
const levelCount = 3
const horizonTicks = slotCount ** levelCount - 1

class Entry {
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined
  slot: Slot | undefined = undefined
  readonly dueTick: number
  readonly wheel: TimerWheel
  action: (() => void) | undefined

  constructor(dueTick: number, action: (() => void) | undefined, wheel: TimerWheel) {
    this.dueTick = dueTick
    this.action = action
    this.wheel = wheel
  }

  cancel(): void {
    this.action = undefined
    if (this.slot !== undefined) {
      this.slot.remove(this)
      this.wheel.entryCancelled()
    }
  }
}

class Slot {
  head: Entry | undefined = undefined
  tail: Entry | undefined = undefined

  append(entry: Entry): void {
    entry.slot = this
    entry.previous = this.tail
    entry.next = undefined
    if (this.tail === undefined) this.head = entry
    else this.tail.next = entry
    this.tail = entry
  }

  remove(entry: Entry): void {
    if (entry.previous === undefined) this.head = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.tail = entry.previous
    else entry.next.previous = entry.previous
    entry.slot = undefined
    entry.previous = undefined
    entry.next = undefined
  }
}

export interface WheelOptions {
  readonly now: () => number
  /** Calls `wake` once after the delay; returns a function that cancels this. */
  readonly wake: (delayMs: number, wake: () => void) => () => void
  /** Calls `next` once the ready sockets have been read; returns a function that cancels this. */
  readonly afterPoll: (next: () => void) => () => void
  /** While timers wait, wakes at least this often to detect stalls. Undefined: wakes for timers only. */
  readonly beatMs?: number
}

export class TimerWheel {
  readonly #now: () => number
  readonly #wake: WheelOptions['wake']
  readonly #afterPoll: WheelOptions['afterPoll']
  readonly #beatMs: number
  readonly #stalls = new StallWatch()
  readonly #levels: readonly (readonly Slot[])[] = Array.from({ length: levelCount }, () =>
    Array.from({ length: slotCount }, () => new Slot()),
  )
  /** All ticks up to this one have been processed. */
  #tick: number
  #size = 0
  #wakeTick = Number.POSITIVE_INFINITY
  /** Nothing is due before this tick; the machine may be woken sooner, to read the clock. */
  #busyTick = Number.POSITIVE_INFINITY
  #cancelWake: (() => void) | undefined
  #turning = false

  constructor(options: WheelOptions) {
    this.#now = options.now
    this.#wake = options.wake
    this.#afterPoll = options.afterPoll
    this.#beatMs = options.beatMs ?? Number.POSITIVE_INFINITY
    this.#tick = Math.floor(options.now())
  }

  /** Number of pending timers. */
  get size(): number {
    return this.#size
  }

  /** How long the thread has been stalled so far while timers waited. */
  get stalledMs(): number {
    return this.#stalls.stalledMs(this.#now())
  }

  add(dueMs: number, action: () => void): { cancel(): void } {
    if (this.#size === 0 && !this.#turning) this.#tick = Math.floor(this.#now())
    // Rounded up: a timer is never early. A timer that is already due runs at the next tick, never inside `add`.
    const dueTick = Math.max(Math.ceil(dueMs), this.#tick + 1)
    const entry = new Entry(dueTick, action, this)
    this.#place(entry)
    this.#size++
    if (dueTick < this.#busyTick) {
      this.#busyTick = dueTick
      if (!this.#turning && dueTick < this.#wakeTick) this.#arm()
    }
    return entry
  }

  entryCancelled(): void {
    this.#size--
    // An idle gateway does not wake up, and its process can exit.
    if (this.#size === 0) this.#disarm()
  }

  #place(entry: Entry): void {
    const ahead = Math.min(entry.dueTick - this.#tick, horizonTicks)
    const slotTick = this.#tick + ahead
    let level = 0
    while (level < levelCount - 1 && ahead >= slotCount ** (level + 1)) level++
    this.#slotAt(level, slotTick).append(entry)
  }

  #slotAt(level: number, tick: number): Slot {
    const slots = this.#levels[level] as readonly Slot[]
    return slots[Math.floor(tick / slotCount ** level) & slotMask] as Slot
  }

  #woken(): void {
    const nowMs = this.#now()
    this.#stalls.cameRound(nowMs)
    this.#cancelWake = undefined
    if (nowMs < this.#busyTick) this.#arm()
    else if (nowMs - this.#busyTick <= lateMs) this.#turn(nowMs)
    else this.#turnAfterPoll(nowMs)
  }

  /** Only runs timers due before the poll: those due while it reads a burst need another read of the sockets first. */
  #turnAfterPoll(pollMs: number): void {
    // Earlier than any timer added meanwhile, so that `add` does not re-arm.
    this.#wakeTick = Number.NEGATIVE_INFINITY
    this.#stalls.expect(pollMs)
    this.#cancelWake = this.#afterPoll(() => {
      this.#stalls.cameRound(this.#now())
      this.#turn(pollMs)
    })
  }

  /** Runs the timers due by `untilMs`. */
  #turn(untilMs: number): void {
    this.#cancelWake = undefined
    this.#wakeTick = Number.POSITIVE_INFINITY
    this.#turning = true
    const nowTick = Math.floor(untilMs)
    try {
      while (this.#tick < nowTick && this.#size > 0) {
        const next = this.#nextBusyTick()
        if (next > nowTick) break
        this.#tick = next
        this.#dealOut()
        this.#run(this.#slotAt(0, this.#tick))
      }
    } finally {
      // An action threw before the others of its tick ran: repeat this tick immediately.
      if (this.#slotAt(0, this.#tick).head !== undefined) this.#tick--
      this.#tick = Math.max(this.#tick, this.#size === 0 ? nowTick : Math.min(nowTick, this.#nextBusyTick() - 1))
      this.#turning = false
      this.#busyTick = this.#nextBusyTick()
      if (this.#size > 0) this.#arm()
    }
  }

  /** Moves timers of the span that begins at this tick from the coarser wheels to finer ones. */
  #dealOut(): void {
    for (let level = levelCount - 1; level > 0; level--) {
      if (this.#tick % slotCount ** level !== 0) continue
      const slot = this.#slotAt(level, this.#tick)
      let entry = slot.head
      const last = slot.tail
      while (entry !== undefined) {
        const following: Entry | undefined = entry === last ? undefined : entry.next
        slot.remove(entry)
        this.#place(entry)
        entry = following
      }
    }
  }

  #run(slot: Slot): void {
    while (slot.head !== undefined) {
      const entry = slot.head
      const action = entry.action
      slot.remove(entry)
      this.#size--
      action?.()
    }
  }

  /** The next tick with timers to run or to redistribute; never later than the next due timer. */
  #nextBusyTick(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (let level = 0; level < levelCount; level++) {
      const span = slotCount ** level
      const first = Math.floor(this.#tick / span) + 1
      for (let i = 0; i < slotCount && (first + i) * span < earliest; i++) {
        if (this.#slotAt(level, (first + i) * span).head !== undefined) earliest = (first + i) * span
      }
    }
    return earliest
  }

  #arm(): void {
    this.#cancelWake?.()
    const tick = this.#busyTick
    const nowMs = this.#now()
    // Timers beyond the horizon are checked again by then; setTimeout could not wait that long either.
    const delayMs = Math.min(horizonTicks, this.#beatMs, Math.max(0, Math.ceil(tick - nowMs)))
    this.#wakeTick = Math.min(tick, nowMs + delayMs)
    this.#stalls.expect(nowMs + delayMs)
    this.#cancelWake = this.#wake(delayMs, () => this.#woken())
  }

  #disarm(): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#wakeTick = Number.POSITIVE_INFINITY
    this.#busyTick = Number.POSITIVE_INFINITY
    this.#stalls.expect(Number.POSITIVE_INFINITY)
  }
}
