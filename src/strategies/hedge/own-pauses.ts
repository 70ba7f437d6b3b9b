/** One attempt may be left out for every hundred that count. */
const share = 0.01
/** Upper bound at once: enough for all attempts in flight when the process pauses. */
const most = 200

/**
 * An attempt during which the gateway itself stalled says little about its target, so the delay does not learn from it,
 * but only while such attempts are the exception. On a machine short of cores most attempts meet a pause, and the late
 * ones are hedged all the same: with all of them left out, `p95` hedged 14 % of calls, against 5.8 % with none left out
 * (`bench/faults/hedge-share.ts` beside twenty busy processes on two cores).
 */
export class OwnPauses {
  #left = most

  /** Whether this attempt may be left out. */
  leaveOut(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  counted(): void {
    this.#left = Math.min(most, this.#left + share)
  }
}
