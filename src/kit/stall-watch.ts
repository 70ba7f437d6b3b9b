/** A turn of the loop is late if it starts more than this after its expected time. An ordinary turn takes a few ms. */
export const lateMs = 50

/** A stall exceeds the loop's usual lateness by this factor. */
const exceptional = 4
/** Weight of the newest turn in the usual lateness. */
const newestShare = 1 / 8
/** Cap on a single turn in that average, so that a pause a minute ago does not hide the next one. */
const mostOfOneMs = 250

/**
 * Adds up how long a thread was stalled: stopped (SIGSTOP, a migrating virtual machine, a throttled CPU) or busy with
 * one long turn. Nothing in the thread ran meanwhile, so a measurement across a stall measures the gateway.
 *
 * A loop that is late in every turn is overloaded, not stalled, and its targets must still be judged: a stall stands
 * out from the usual lateness of the last second or so. For the same reason a clock jump counts once.
 */
export class StallWatch {
  #expectedMs = Number.POSITIVE_INFINITY
  #countedToMs = Number.POSITIVE_INFINITY
  #usualMs = 0
  #stalledMs = 0

  /** Sets when the loop should run next; Infinity: nothing is scheduled. */
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

  /** All stalls so far, including one in progress: sockets may be read before timers run. */
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
