import { TimerWheel } from './timer-wheel.ts'

/** A thing to be done later. `cancel` may be called at any time, also after it was done. */
export interface Timer {
  cancel(): void
}

/** All time in Hedgerow comes through here, so that tests and simulations can move it by hand. */
export interface Clock {
  /** Milliseconds with fractions, from an arbitrary start, the same in all threads; never goes back, whatever the wall clock does. */
  now(): number
  /** Milliseconds since 1970, for what people and other machines read; it may jump. */
  wallNow(): number
  /**
   * How long this thread has stood still so far: stopped, or busy with one long turn (`stall-watch.ts`). Counted while
   * timers wait; a difference of two tells how much of a time in between says nothing of anybody else.
   */
  stalledMs(): number
  /** Runs `action` once, no sooner than after `delayMs`. */
  after(delayMs: number, action: () => void): Timer
}

/**
 * How often a thread with timers looks whether it stood still. A thread that serves wakes 50 times a second anyway
 * (`process-probe.ts`); these add 0.2 % of a core on a busy machine.
 */
const beatMs = 50

/** The machine's clock. One per thread is enough: its timers share one wheel. */
export function systemClock(): Clock {
  // `performance.now` begins anew in each thread, and costs half as much as `hrtime`: set to the one start that all have.
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

/** libuv runs timers, then reads sockets, then runs what `setImmediate` was given. */
function afterPollBySetImmediate(next: () => void): () => void {
  const immediate = setImmediate(next)
  return () => clearImmediate(immediate)
}
