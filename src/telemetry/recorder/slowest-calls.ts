import type { RecordedCall } from './recorded-call.ts'

/**
 * The slowest calls of one route. Two sets, the one being filled and the one before it, stand for a window of one to two
 * periods: a slow call of long ago goes, and the window is never empty just because a period has begun. Of n calls in a
 * period about `count x ln(n / count)` are ever kept for a time; for the others it is two comparisons.
 */
export class SlowestCalls {
  readonly #count: number
  readonly #periodMs: number
  /** Slowest first. */
  #current: RecordedCall[] = []
  #before: readonly RecordedCall[] = []
  #endsAtMs = 0
  /** What a call has to exceed to be among them. */
  #thresholdMs = -1

  constructor(count: number, periodMs: number) {
    this.#count = count
    this.#periodMs = periodMs
  }

  takes(durationMs: number, nowMs: number): boolean {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs)
    return durationMs > this.#thresholdMs
  }

  add(call: RecordedCall): void {
    const calls = this.#current
    const slower = calls.findLastIndex(({ durationMs }) => durationMs >= call.durationMs)
    calls.splice(slower + 1, 0, call)
    if (calls.length > this.#count) calls.pop()
    if (calls.length === this.#count) this.#thresholdMs = calls.at(-1)?.durationMs ?? -1
  }

  calls(nowMs: number): readonly RecordedCall[] {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs)
    return [...this.#current, ...this.#before]
  }

  #turn(nowMs: number): void {
    const isNextPeriod = nowMs < this.#endsAtMs + this.#periodMs
    this.#before = isNextPeriod ? this.#current : []
    this.#current = []
    this.#thresholdMs = -1
    this.#endsAtMs = isNextPeriod ? this.#endsAtMs + this.#periodMs : nowMs + this.#periodMs
  }
}
