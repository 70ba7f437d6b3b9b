/**
 * The generic cell rate algorithm (ITU-T I.371): a token bucket whose whole state is one number, the time at which it
 * will be full again. So one atomic step changes it.
 *
 * Times are whole ticks in 32 bits that wrap around, because no atomic step changes more at a fair price. A tick is
 * such a small part of the interval between two calls that the rate is exact, and the wrap so far away that misreadings
 * are very rare: after whole turns of 2^32 ticks without a call, a state may look in use, for the length of a burst
 * plus the clock difference between threads. It then refuses calls that it could have admitted, never the reverse. A
 * turn is 2048 times that length; with the highest limits, more than 100,000 calls in a millisecond, about 400 times.
 */
export interface GcraRules {
  /** Calls allowed per `perMs`, evenly spaced, */
  readonly limit: number
  readonly perMs: number
  /** and calls allowed at once. */
  readonly burst: number
}

export interface GcraVerdict {
  readonly isAdmitted: boolean
  /** The new state; unchanged if the call is not admitted. */
  readonly state: number
  /** Calls that could follow immediately. */
  readonly remaining: number
  /** Time until the next call would be admitted; 0: now. */
  readonly waitMs: number
  /** Time until the whole burst is available again. */
  readonly fullMs: number
}

const mostTicksPerCall = 1000
const burstTicks = 2 ** 20
/** Largest expected difference between the clocks of two threads, */
const clockSlackMs = 10
/** which must not exceed this many ticks, except where a call is one tick. */
const slackTicks = 2 ** 20

/** Never used: equivalent to full. */
export const unused = 0

export class Gcra {
  readonly tickMs: number
  readonly #callTicks: number
  readonly #burstTicks: number
  /** No state can be further ahead: one that seems so has not been used for half a turn or more. */
  readonly #mostAhead: number

  constructor({ limit, perMs, burst }: GcraRules) {
    const callMs = perMs / limit
    const ticks = Math.min(mostTicksPerCall, burstTicks / burst, (slackTicks / clockSlackMs) * callMs)
    this.#callTicks = Math.max(1, Math.floor(ticks))
    this.#burstTicks = burst * this.#callTicks
    this.tickMs = callMs / this.#callTicks
    this.#mostAhead = this.#burstTicks + Math.ceil(clockSlackMs / this.tickMs)
  }

  ticksAt(nowMs: number): number {
    return Math.floor(nowMs / this.tickMs) | 0
  }

  /** Whether the state can be forgotten without loss. */
  isFull(state: number, now: number): boolean {
    return this.#ahead(state, now) === 0
  }

  /** The used part of the burst, in ticks. */
  used(state: number, now: number): number {
    return this.#ahead(state, now)
  }

  judge(state: number, now: number): GcraVerdict {
    const ahead = this.#ahead(state, now)
    const next = ahead + this.#callTicks
    const isAdmitted = next <= this.#burstTicks
    const held = isAdmitted ? next : ahead
    return {
      isAdmitted,
      state: isAdmitted ? (now + next) | 0 || 1 : state,
      remaining: Math.max(0, Math.floor((this.#burstTicks - held) / this.#callTicks)),
      waitMs: Math.max(0, held + this.#callTicks - this.#burstTicks) * this.tickMs,
      fullMs: held * this.tickMs,
    }
  }

  #ahead(state: number, now: number): number {
    if (state === unused) return 0
    const ahead = (state - now) | 0
    return ahead < 0 || ahead > this.#mostAhead ? 0 : ahead
  }
}
