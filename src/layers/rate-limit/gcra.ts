/**
 * The generic cell rate algorithm (ITU-T I.371): a token bucket whose whole state is one number, the time at which it
 * will be full again. So one atomic step changes it.
 *
 * Times are whole ticks in 32 bits that wrap around, as no atomic step changes more at a fair price. A tick is so small
 * a part of the time between two calls that the rate is exact, and the wrap so far away that hardly anything is ever
 * misread: a state that was left alone for whole turns of 2^32 ticks may look, for the length of a burst and of what clocks
 * are apart, as if it were in use. It then refuses what it could have let in; never the other way round. A turn is 2048
 * times that length; with the highest limits, of more than 100,000 calls in a millisecond, some 400 times.
 */
export interface GcraRules {
  /** So many calls in `perMs`, evenly, */
  readonly limit: number
  readonly perMs: number
  /** and so many at once. */
  readonly burst: number
}

export interface GcraVerdict {
  readonly isAdmitted: boolean
  /** The state from now on; as it was where the call is not admitted. */
  readonly state: number
  /** Calls that could follow at once. */
  readonly remaining: number
  /** Until another one would be admitted; 0: at once. */
  readonly waitMs: number
  /** Until all of the burst is there again. */
  readonly fullMs: number
}

const mostTicksPerCall = 1000
const burstTicks = 2 ** 20
/** How far the clocks of two threads may be apart, */
const clockSlackMs = 10
/** which is to be so many ticks at most, and is more only where a call is one tick. */
const slackTicks = 2 ** 20

/** Never used: as good as full. */
export const unused = 0

export class Gcra {
  readonly tickMs: number
  readonly #callTicks: number
  readonly #burstTicks: number
  /** No state can be further ahead: one that is has been left alone for half a turn or more. */
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

  /** Whether nothing is lost if it is forgotten. */
  isFull(state: number, now: number): boolean {
    return this.#ahead(state, now) === 0
  }

  /** How much of the burst is used up, in ticks. */
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
