import { TimerWheel } from './timer-wheel.ts'

/** A scheduled action. `cancel` may be called at any time, also after the action has run. */
export interface Timer {
  cancel(): void
}

/** The only source of time in Hedgerow, so that tests and simulations can control it. */
export interface Clock {
  /** Fractional milliseconds since an arbitrary start common to all threads; monotonic, unlike the wall clock. */
  now(): number
  /** Milliseconds since 1970, for timestamps that people and other machines read; it may jump. */
  wallNow(): number
  /**
   * How long this thread has been stalled so far: stopped, or busy with one long turn (`stall-watch.ts`). Counted while
   * timers are pending; the difference of two readings is the part of an interval that says nothing about a peer.
   */
  stalledMs(): number
  /** Runs `action` once, no earlier than `delayMs` from now. */
  after(delayMs: number, action: () => void): Timer
}

/**
 * How often a thread with timers checks whether it was stalled. A serving thread wakes 50 times a second anyway
 * (`process-probe.ts`); these checks add 0.2 % of a core on a busy machine.
 */
const beatMs = 50

/** The machine's clock. One per thread is enough: its timers share one wheel. */
export function systemClock(): Clock {
  // `performance.now` costs half as much as `hrtime` but starts at 0 in each thread: shifted to one common start.
  const startMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()
  const now = (): number => startMs + performance.now()
  const wheel = new TimerWheel({ now, wake: wakeWithSetTimeout, afterPoll: afterPollBySetImmediate, beatMs })
  return {
    now,
    wallNow: () => Date.now(),
    stalledMs: () => wheel.stalledMs,
    after: (delayMs, action) => wheel.add(now() + delayMs, action),
  }
}

function wakeWithSetTimeout(delayMs: number, wake: () => void): () => void {
  const timeout = setTimeout(wake, delayMs)
  return () => clearTimeout(timeout)
}

/** libuv runs timers, then reads sockets, then runs `setImmediate` callbacks. */
function afterPollBySetImmediate(next: () => void): () => void {
  const immediate = setImmediate(next)
  return () => clearImmediate(immediate)
}
