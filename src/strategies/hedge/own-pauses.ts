/** An attempt is at most left out for every hundred that count. */
const share = 0.01
/** So many at once: all that are in flight while the process is stopped for a moment. */
const most = 200

/**
 * An attempt during which the gateway itself stood still says little of its target, so the delay does not learn from it:
 * as long as that is the exception. Where the machine is short of cores, most attempts meet a pause, and those that are
 * late are hedged all the same: with all of them left out `p95` hedged 14 % of calls where it hedged 5.8 % with none left
 * out (`bench/faults/hedge-share.ts` beside twenty busy processes on two cores).
 */
export class OwnPauses {
  #left = most

  /** Whether this one may be left out. */
  leaveOut(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  counted(): void {
    this.#left = Math.min(most, this.#left + share)
  }
}
