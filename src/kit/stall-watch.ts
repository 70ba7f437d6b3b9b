/** What comes round later than this after the instant it was expected is late. An ordinary turn takes a few ms. */
export const lateMs = 50

/** A stall is later than the loop usually is, by this factor. */
const exceptional = 4
/** What the newest turn counts in what is usual. */
const newestShare = 1 / 8
/** A single turn counts for no more in it, so that the pause of a minute ago does not hide the next one. */
const mostOfOneMs = 250

/**
 * Adds up how long a thread has stood still: stopped (SIGSTOP, a virtual machine that is moved, a throttled CPU) or busy
 * with one long turn. Nothing in the thread ran meanwhile, so whatever is measured across a stall measures the gateway.
 *
 * A loop that is late in every turn is not stalled but overloaded, and its targets must be judged all the same: a stall
 * stands out from what has been usual in the last second or so. For the same reason a clock that jumps counts once.
 */
export class StallWatch {
  #expectedMs = Number.POSITIVE_INFINITY
  #countedToMs = Number.POSITIVE_INFINITY
  #usualMs = 0
  #stalledMs = 0

  /** The loop will come round then; Infinity: it is not asked to. */
  expect(atMs: number): void {
    this.#expectedMs = atMs
    this.#countedToMs = atMs
  }

  cameRound(nowMs: number): void {
    this.#count(nowMs)
    const byMs = nowMs - this.#expectedMs
    this.#usualMs += (Math.min(mostOfOneMs, Math.max(0, byMs)) - this.#usualMs) * newestShare
    this.expect(Number.POSITIVE_INFINITY)
  }

  /** All stalls so far. A stall counts although the loop has not come round yet: sockets may be read before timers run. */
  stalledMs(nowMs: number): number {
    this.#count(nowMs)
    return this.#stalledMs
  }

  #count(nowMs: number): void {
    const byMs = nowMs - this.#countedToMs
    if (byMs <= lateMs || byMs <= exceptional * this.#usualMs) return
    this.#stalledMs += byMs
    this.#countedToMs = nowMs
  }
}
